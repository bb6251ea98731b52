"""The worker's thread that keeps leases alive, sees cancels and timeouts, and writes log lines and progress.

One per process. It asks the database once a second while steps run, and only for the heartbeat otherwise.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from django.conf import settings
from django.db import Error, connection

from portal.runs import claims, health
from portal.runs.context import Context
from portal.runs.logs import FLUSH_SECONDS
from portal.runs.models import Attempt
from portal.runs.settle import settle
from portal.runs.types import LeaseLost, State
from portal.runs.verdicts import End, Stop, Verdict

log = logging.getLogger(__name__)
LOOK_SECONDS = 1.0


class Keeper:
    def __init__(self) -> None:
        self._live: dict[int, Context] = {}
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._threads: list[threading.Thread] = []
        self._stopping = False
        self.worker = "worker"

    def start(self, worker: str) -> None:
        """Called when the worker is ready; starting twice does nothing."""
        with self._lock:
            if self._threads:
                return
            self.worker = worker
            self._ended.clear()
            for name, job, every_s in (
                ("leases", self._look_after, LOOK_SECONDS),
                ("log lines", self._flush, FLUSH_SECONDS),
                ("heartbeat", lambda: health.beat("worker", worker), health.BEAT_SECONDS),
            ):
                thread = threading.Thread(target=self._repeat, args=(job, every_s), name=name, daemon=True)
                self._threads.append(thread)
                thread.start()

    def end(self) -> None:
        self._ended.set()
        with self._lock:
            self._threads.clear()
        with suppress(Error):
            health.forget("worker", self.worker)

    def stop_steps(self) -> None:
        """The worker is to stop: every step is told, gives its work back, and no other is taken."""
        self._stopping = True
        for context in self._contexts():
            context.stop(Stop.WORKER)

    @property
    def stopping(self) -> bool:
        return self._stopping

    @contextmanager
    def keeping(self, context: Context) -> Iterator[None]:
        with self._lock:
            self._live[context.claim.attempt_id] = context
        if self._stopping:
            context.stop(Stop.WORKER)
        try:
            yield
        finally:
            with self._lock:
                self._live.pop(context.claim.attempt_id, None)

    def _contexts(self) -> list[Context]:
        with self._lock:
            return list(self._live.values())

    def _repeat(self, job: Callable[[], None], every_s: float) -> None:
        while not self._ended.is_set():
            try:
                job()
            except Error as error:
                log.warning(
                    "%s: the database did not answer (%s)", threading.current_thread().name, type(error).__name__
                )
                with suppress(Error):
                    connection.close()
            self._ended.wait(every_s)
        connection.close()

    def _flush(self) -> None:
        for context in self._contexts():
            context.lines.flush()

    def _look_after(self) -> None:
        contexts = self._contexts()
        for context in contexts:
            # Before the database is asked, which may take long: a worker that was frozen must know at once.
            if context.silent_s() > settings.RUN_LEASE_SECONDS:
                context.stop(Stop.LEASE)
            elif time.monotonic() > context.deadline:
                context.stop(Stop.TIMEOUT)
        if contexts:
            self._ask(contexts)
        for context in contexts:
            self._count(context)
            self._close(context)

    def _ask(self, contexts: list[Context]) -> None:
        due = any(context.silent_s() > settings.RUN_RENEW_SECONDS - LOOK_SECONDS / 2 for context in contexts)
        ids, asked_at = [context.claim.attempt_id for context in contexts], time.monotonic()
        answers = claims.renew(ids) if due else claims.look(ids)
        for context in contexts:
            cancel = answers.get(context.claim.attempt_id)
            if cancel is None:
                context.stop(Stop.LEASE)
                continue
            if due:
                context.renewed(asked_at)
            if cancel:
                context.stop(Stop.CANCEL)

    def _count(self, context: Context) -> None:
        counted, context.counted = context.counted, None
        if counted is not None:
            done, total, unit = counted
            mine = Attempt.objects.filter(pk=context.claim.attempt_id, state=State.RUNNING)
            mine.update(done=done, total=total, unit=unit)

    def _close(self, context: Context) -> None:
        """A step that was told to stop and does not is closed without it; whatever it still writes is refused.

        It is not tried again: its thread may still be at work.
        """
        late = time.monotonic() - context.stopped_at > settings.RUN_STOP_SECONDS
        ends = {Stop.CANCEL: End.CANCELLED, Stop.TIMEOUT: End.FAILED}
        if context.stopped not in ends or not late:
            return
        context.lines.flush()
        reason = f"{context.stopped}, and it did not stop within {settings.RUN_STOP_SECONDS} s"
        with suppress(LeaseLost):
            settle(context.claim, Verdict(ends[context.stopped], reason))
        with self._lock:
            self._live.pop(context.claim.attempt_id, None)


keeper = Keeper()
