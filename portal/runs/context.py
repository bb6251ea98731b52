"""What a step function sees while it runs: the implementation of `types.StepContext`."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from django.conf import settings

from portal.runs.claims import Claim
from portal.runs.logs import LogBuffer
from portal.runs.process import Child
from portal.runs.settle import fence
from portal.runs.types import LeaseLost, LineReader, StepCancelled
from portal.runs.verdicts import Stop
from portal.stores.types import StoreError

log = logging.getLogger(__name__)


class Context:
    def __init__(self, claim: Claim) -> None:
        self.claim = claim
        self.run_id, self.step_id, self.step_key = claim.run_id, claim.step_id, claim.step_key
        self.attempt, self.params, self.inputs = claim.attempt, claim.params, claim.inputs
        self.actor_id = claim.actor_id
        self.lines = LogBuffer(claim)
        self.stopped: Stop | None = None
        self.stopped_at = 0.0
        self.renewed_at = time.monotonic()
        self.deadline = self.renewed_at + claim.timeout_s
        self.counted: tuple[int, int | None, str] | None = None
        self._callbacks: list[Callable[[], None]] = []
        self._children: list[Child] = []
        self._lock = threading.Lock()

    # What a step uses.

    def log(self, message: str, *, level: str = "info") -> None:
        self.lines.add(message, level)

    def progress(self, done: int, total: int | None = None, unit: str = "rows") -> None:
        self.counted = (done, total, unit)

    def check(self) -> None:
        if self.stopped is Stop.LEASE or self.silent_s() > settings.RUN_LEASE_SECONDS:
            raise LeaseLost(str(Stop.LEASE))
        if self.stopped is not None:
            raise StepCancelled(str(self.stopped))

    def on_cancel(self, callback: Callable[[], None]) -> None:
        with self._lock:
            self._callbacks.append(callback)
            late = self.stopped is not None
        if late:
            callback()

    @contextmanager
    def fenced(self) -> Iterator[None]:
        with fence(self.step_id, self.attempt):
            yield

    def run_process(
        self,
        args: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        cwd: str | None = None,
        line: LineReader | None = None,
    ) -> int:
        self.check()
        child = Child(args, env=env, cwd=cwd)
        with self._lock:
            self._children.append(child)
        try:
            if self.stopped is not None:
                child.stop()
            code = child.follow(self._told_by(line) if line else self.log)
        finally:
            child.kill()
            with self._lock:
                self._children.remove(child)
        self.check()
        return code

    def _told_by(self, line: LineReader) -> Callable[[str], None]:
        def tell(text: str) -> None:
            if found := line(text):
                self.log(found[1], level=found[0])

        return tell

    # What the keeper uses.

    def silent_s(self) -> float:
        return time.monotonic() - self.renewed_at

    def renewed(self, at: float) -> None:
        """`at` is when the renewal was sent: the lease cannot have started earlier."""
        self.renewed_at = at
        with self._lock:
            children = list(self._children)
        for child in children:
            child.alive()

    def stop(self, why: Stop) -> None:
        """Tells the step, once: children first, then the callbacks, in a thread because a store may answer late."""
        with self._lock:
            if self.stopped is not None:
                return
            self.stopped, self.stopped_at = why, time.monotonic()
            children, callbacks = list(self._children), list(self._callbacks)
        for child in children:
            if why is Stop.LEASE:
                child.kill()
            else:
                child.stop()
        threading.Thread(target=self._call, args=(callbacks,), daemon=True).start()

    def _call(self, callbacks: Sequence[Callable[[], None]]) -> None:
        for callback in callbacks:
            try:
                callback()
            except (StoreError, OSError) as error:
                log.warning("step %s: a store did not take the cancel (%s)", self.step_id, type(error).__name__)
