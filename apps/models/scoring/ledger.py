"""Follows the promotion ledger: asks every second what is approved, loads it beside what serves, then swaps.

MLflow's alias is never asked. A version that cannot be loaded leaves the one before it serving, and says so.
"""

import logging
import os
import threading
import time
import traceback
from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import Error, close_old_connections, connection
from django.utils import timezone

from apps.models.scoring import reports
from apps.models.scoring.artifact import Unloadable
from apps.models.scoring.loaded import Loaded, load
from apps.models.selectors import serving
from apps.models.types import NotServing, Serving

log = logging.getLogger(__name__)
EVERY_S = 1.0
TELL_EVERY_S = 2.0
AGAIN_AFTER_S = 15.0  # a version that could not be loaded is tried again, in case that what was missing is there
STARTING = NotServing("", "starting", "The scoring service has just started and has not read the promotion ledger yet.")
LOOK: tuple[object, ...] = ()


@dataclass(frozen=True)
class Failed:
    """The version that could not be loaded, by `identity` (LOOK: the look itself failed), and when it was tried."""

    identity: tuple[object, ...]
    reason: str
    at: float
    told: bool


def identity(approved: Serving) -> tuple[object, ...]:
    return approved.version_id, approved.promotion_id, approved.artifact_sha256


class Ledger:
    """`live` is what answers now, or why nothing does: one attribute, so that a request sees either whole."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.live: Loaded | NotServing = STARTING
        self.since: datetime | None = None
        self.counts: Counter[str] = Counter()
        self.failed: Failed | None = None
        self._started_at = timezone.now()
        self._told_at = -TELL_EVERY_S
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._work, name="ledger", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        self._ending.set()
        self._thread.join(5)

    def _work(self) -> None:
        while not self._ending.is_set():
            self.turn()
            self._ending.wait(EVERY_S)
        connection.close()

    def turn(self) -> None:
        """One look and one report. Whatever happens in it, the next comes: else nothing would be followed any more."""
        try:
            close_old_connections()
            try:
                self.look()
            except Error:
                raise
            except Exception as error:  # noqa: BLE001 - told by /healthz and a notice, and looked again in a second
                self._stumble(error)
            self._report_when_due()
        except Error as error:
            log.warning("the promotion ledger cannot be read (%s)", type(error).__name__)
            connection.close()
        except Exception as error:  # noqa: BLE001 - logged, and done again in a second
            log.error("what the service does cannot be told: %s", kind_of(error))

    def look(self) -> None:
        approved = serving(settings.SCORING_MODEL)
        if isinstance(approved, NotServing):
            self._serve_nothing(approved)
        elif self._serves(approved):
            self._settle()
        elif self._may_try(approved):
            self._swap(approved)

    def _serves(self, approved: Serving) -> bool:
        return isinstance(self.live, Loaded) and identity(self.live.serving) == identity(approved)

    def _may_try(self, approved: Serving) -> bool:
        failed = self.failed
        return (
            failed is None
            or failed.identity != identity(approved)
            or time.monotonic() - failed.at > AGAIN_AFTER_S
        )  # fmt: skip

    def _swap(self, approved: Serving) -> None:
        try:
            fresh = load(approved)
        except Unloadable as error:
            self._stay(approved, str(error))
            return
        except Error:
            raise
        except Exception as error:  # noqa: BLE001 - a file can fail in any way: told as a problem, and tried again
            self._stay(approved, f"it cannot be opened: {kind_of(error)}")
            return
        reports.serves(approved)  # first: a change that the trail does not know of is not made
        self.live, self.since, self.failed = fresh, timezone.now(), None
        log.info("serves %s version %s", approved.model, approved.version)

    def _stumble(self, error: Exception) -> None:
        """The look itself failed: what serves goes on, and no version is at fault."""
        told = self.failed is not None and self.failed.identity == LOOK and self.failed.told
        reason = f"the promotion ledger cannot be followed: {kind_of(error)}"
        self.failed = Failed(LOOK, reason, time.monotonic(), told)
        if not told:
            log.error("%s", reason)
            reports.cannot_follow(settings.SCORING_MODEL, reason)
            self.failed = replace(self.failed, told=True)

    def _settle(self) -> None:
        """What is approved is what serves: whatever failed before is nobody's problem any more."""
        if self.failed is not None:
            reports.settled(settings.SCORING_MODEL)
            self.failed = None

    def _stay(self, approved: Serving, why: str) -> None:
        """Told once for each version: a report that could not be written is written when it is tried again."""
        before, key = self.failed, identity(approved)
        told = before is not None and before.identity == key and before.told
        self.failed = Failed(key, why, time.monotonic(), told)
        if isinstance(self.live, NotServing):
            reason = f"Version {approved.version} is approved and cannot be loaded: {why}."
            self.live = NotServing(approved.model, "not_loadable", reason)
        if not told:
            log.error("version %s of %s cannot be served: %s", approved.version, approved.model, why)
            reports.cannot_serve(approved, why)
            self.failed = replace(self.failed, told=True)

    def _serve_nothing(self, reason: NotServing) -> None:
        if isinstance(self.live, Loaded):
            log.info("serves nothing any more: %s", reason.reason)
        if self.live != reason or self.failed is not None:
            reports.settled(settings.SCORING_MODEL)
        self.live, self.since, self.failed = reason, None, None

    def _report_when_due(self) -> None:
        if time.monotonic() - self._told_at >= TELL_EVERY_S:
            self._told_at = time.monotonic()
            self._report()

    def _report(self) -> None:
        live = self.live
        reports.lives(
            name=self.name,
            started_at=self._started_at,
            version_id=live.serving.version_id if isinstance(live, Loaded) else None,
            since=self.since,
            nothing=live.reason if isinstance(live, NotServing) else "",
            problem=self.failed.reason if self.failed else "",
            counts=dict(self.counts),
            memory_mib=memory_mib(),
        )


def kind_of(error: Exception) -> str:
    """The type and the place: the message could hold what was in a file or a row."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{place}"


def memory_mib() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 2**20
