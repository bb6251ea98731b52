"""Follows the promotion ledger: asks every second what is approved, loads it beside what serves, then swaps.

MLflow's alias is never asked. A version that cannot be loaded leaves the one before it serving, and says so.
"""

import logging
import os
import threading
import time
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


@dataclass(frozen=True)
class Failed:
    """The version that could not be loaded, by `identity`, and when it was tried."""

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
            try:
                close_old_connections()
                self.look()
                self._report_when_due()
            except Error as error:
                log.warning("the promotion ledger cannot be read (%s)", type(error).__name__)
                connection.close()
            self._ending.wait(EVERY_S)
        connection.close()

    def look(self) -> None:
        approved = serving(settings.SCORING_MODEL)
        if isinstance(approved, NotServing):
            self._serve_nothing(approved)
        elif not self._serves(approved) and self._may_try(approved):
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
            self._stay(approved, error)
            return
        reports.serves(approved)  # first: a change that the trail does not know of is not made
        self.live, self.since, self.failed = fresh, timezone.now(), None
        log.info("serves %s version %s", approved.model, approved.version)

    def _stay(self, approved: Serving, error: Unloadable) -> None:
        """Told once for each version: a report that could not be written is written when it is tried again."""
        before, key = self.failed, identity(approved)
        told = before is not None and before.identity == key and before.told
        self.failed = Failed(key, str(error), time.monotonic(), told)
        if isinstance(self.live, NotServing):
            reason = f"Version {approved.version} is approved and cannot be loaded: {error}."
            self.live = NotServing(approved.model, "not_loadable", reason)
        if not told:
            log.error("version %s of %s cannot be served: %s", approved.version, approved.model, error)
            reports.cannot_serve(approved, str(error))
            self.failed = replace(self.failed, told=True)

    def _serve_nothing(self, reason: NotServing) -> None:
        if isinstance(self.live, Loaded):
            log.info("serves nothing any more: %s", reason.reason)
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


def memory_mib() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 2**20
