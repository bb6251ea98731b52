"""Workers as forks of the test process: real processes with real leases, and nothing to wait for at their start."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress

from django.db import connections
from django.utils import timezone

from portal.runs import sweeper
from portal.runs.executor import work
from portal.runs.flows import ENDED
from portal.runs.keeper import keeper
from portal.runs.models import Attempt, Run, Step


class Workers:
    """Keeps `count` workers alive and does the scheduler's part between two looks."""

    def __init__(self, run: Run, count: int = 2) -> None:
        self._run = run
        self._pids = [self._fork() for _ in range(count)]
        self.deaths = 0

    def look(self) -> None:
        for place, pid in enumerate(self._pids):
            if self._ended(pid):
                self.deaths += 1
                # The wait for its lease to run out is tested with the workers themselves; here it is over at once.
                Attempt.objects.filter(worker=f"fork {pid}", state="running").update(lease_until=timezone.now())
                self._pids[place] = self._fork()
        sweeper.sweep()

    def stop(self) -> None:
        for pid in self._pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            with suppress(ChildProcessError):
                os.waitpid(pid, 0)

    def _ended(self, pid: int) -> bool:
        return os.waitpid(pid, os.WNOHANG)[0] == pid

    def _fork(self) -> int:
        connections.close_all()  # a connection must not be shared by two processes
        pid = os.fork()
        if pid:
            return pid
        try:
            self._work()
        finally:
            os._exit(0)  # nothing of the test run is to be tidied up from here

    def _work(self) -> None:
        keeper.start(f"fork {os.getpid()}")
        while Run.objects.values_list("state", flat=True).get(pk=self._run.pk) != "done":
            step = Step.objects.filter(run=self._run, state="queued").order_by("?").first()
            if step is None:
                time.sleep(0.1)
            else:
                work(step.pk)


def follow(workers: Workers, run: Run, limit_s: float, resume: Callable[[Run], None] | None) -> bool:
    """Until the run is done. One that ends otherwise is resumed, as a person would, or the end without `resume`.
    False when it was not done."""
    until = time.monotonic() + limit_s
    while time.monotonic() < until:
        workers.look()
        run.refresh_from_db()
        if run.state == "done":
            return True
        if run.state in ENDED:
            if resume is None:
                return False
            resume(run)
        time.sleep(0.1)
    return False
