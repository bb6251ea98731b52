"""Runs one step in this thread: claim, work, settle."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import TracebackType

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.utils.module_loading import import_string

from portal.runs.claims import Claim, claim
from portal.runs.context import Context
from portal.runs.keeper import keeper
from portal.runs.models import Step
from portal.runs.pools import hand_on
from portal.runs.settle import settle
from portal.runs.types import LeaseLost, Outcome, StepFailed, StepFunction
from portal.runs.verdicts import End, judge

log = logging.getLogger(__name__)


class Slots:
    """How many threads of this worker each queue may take (`settings.RUN_SLOTS`)."""

    def __init__(self) -> None:
        self._free = {queue: threading.BoundedSemaphore(size) for queue, size in settings.RUN_SLOTS.items()}

    @contextmanager
    def taken(self, queue: str) -> Iterator[bool]:
        semaphore = self._free.get(queue)
        if semaphore is None:
            yield True
        elif semaphore.acquire(blocking=False):
            try:
                yield True
            finally:
                semaphore.release()
                # Another step of this queue may have been handed back while this one worked.
                hand_on(queue)
        else:
            yield False


slots = Slots()


def work(step_id: int) -> bool:
    """True if this delivery of the message did the step's work; every other delivery ends here at once."""
    queue = Step.objects.filter(pk=step_id).values_list("queue", flat=True).first()
    if queue is None or keeper.stopping:
        return False
    with slots.taken(queue) as free:
        if not free:
            return False  # stays queued: whoever ends next in this queue sends it again
        claimed = claim(step_id, worker=keeper.worker)
        if claimed is None:
            return False
        execute(claimed)
        return True


def execute(claimed: Claim) -> None:
    context = Context(claimed)
    with keeper.keeping(context), Settling(context) as settling:
        settling.outcome = function_of(claimed.kind)(context)


def function_of(kind: str) -> StepFunction:
    path = settings.STEP_KINDS.get(kind)
    if path is None:
        raise StepFailed(f"no step kind is called {kind}")
    function: StepFunction = import_string(path)
    return function


class Settling:
    """Writes down how the work inside ended, whatever ended it.

    A context manager and not an `except`, because every way out of a step has its verdict, the unexpected ones too.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self.outcome: Outcome | None = None

    def __enter__(self) -> "Settling":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        context = self._context
        verdict = judge(error, self.outcome, context.stopped, timeout_s=context.claim.timeout_s)
        if verdict.end is End.FAILED:
            context.log(verdict.reason, level="error")
        log.info("run %s step %s attempt %s: %s", context.run_id, context.step_key, context.attempt, verdict.end)
        context.lines.flush()
        persist(partial(settle, context.claim, verdict))
        return error is None or isinstance(error, Exception)


def persist(write: Callable[[], None]) -> None:
    """Tries until the lease must be over: a database that restarts should not cost the work that was done."""
    give_up_at = time.monotonic() + settings.RUN_LEASE_SECONDS
    while True:
        try:
            return write()
        except LeaseLost as refused:
            log.warning("%s: its outcome is refused", refused)
            return None
        except (OperationalError, InterfaceError) as error:
            if time.monotonic() > give_up_at:
                log.error("the outcome cannot be written (%s); the step will run again", type(error).__name__)
                return None
            connection.close()
            time.sleep(0.5)
