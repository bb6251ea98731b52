"""Real workers and a real scheduler, as processes of their own."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from django.db import connection

from portal.runs import sweeper
from portal.runs.models import LogLine, Run

ROOT = Path(__file__).resolve().parents[2]
QUICK = {
    "PORTICO_RUN_LEASE_SECONDS": "4",
    "PORTICO_RUN_RENEW_SECONDS": "1",
    "PORTICO_RUN_SWEEP_SECONDS": "1",
    "PORTICO_RUN_BACKOFF_SECONDS": "1",
    "PORTICO_RUN_STOP_SECONDS": "2",
    "CELERY_SKIP_CHECKS": "1",
}


def eventually(condition: Callable[[], object], timeout_s: float = 20) -> object:
    until = time.monotonic() + timeout_s
    while time.monotonic() < until:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError("it did not happen")


def words(marks: Path) -> list[tuple[str, int]]:
    """(word, attempt) in the order in which the steps wrote them."""
    if not marks.exists():
        return []
    rows = (line.split() for line in marks.read_text().splitlines())
    return [(row[0], int(row[1])) for row in rows]


def alive(pid: int) -> bool:
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    return False


def processes_with(argument: str) -> list[int]:
    """Ids of the living processes that were started with this argument."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(FileNotFoundError, ProcessLookupError, PermissionError):
            if argument.encode() in place.joinpath("cmdline").read_bytes().split(b"\0") and alive(int(place.name)):
                found.append(int(place.name))
    return found


def children_of(run: Run) -> list[int]:
    """Process ids that the first attempt's child told in the log."""
    lines = LogLine.objects.filter(run=run, attempt=1, text__contains="child ")
    return [int(line.text.split()[1]) for line in lines]


@contextmanager
def sweeping() -> Iterator[None]:
    """What the scheduler causes every second, without the scheduler."""
    ended = threading.Event()

    def sweep() -> None:
        while not ended.wait(1):
            sweeper.sweep()
        connection.close()

    thread = threading.Thread(target=sweep)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@dataclass
class Celery:
    folder: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, *arguments: str, **env: str) -> subprocess.Popen[bytes]:
        log = self._log(len(self.processes)).open("wb")
        process = subprocess.Popen(
            [sys.executable, "-m", "celery", "--quiet", "-A", "portal.celery", *arguments],
            env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.worker_settings", **QUICK, **env},
            cwd=ROOT,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.processes.append(process)
        return process

    def worker(self, name: str = "first", **env: str) -> subprocess.Popen[bytes]:
        return self.workers(name, **env)[0]

    def workers(self, *names: str, **env: str) -> list[subprocess.Popen[bytes]]:
        """Workers that are ready; they start side by side."""
        first = len(self.processes)
        started = [self._worker(name, **env) for name in names]
        for number, process in enumerate(started, first):
            log = self._log(number)
            eventually(lambda p=process, f=log: p.poll() is not None or "is ready" in f.read_text(errors="replace"), 60)
            assert process.poll() is None, self.logs()
        return started

    def _worker(self, name: str, **env: str) -> subprocess.Popen[bytes]:
        return self.start(
            "worker", "--pool", "threads", "--concurrency", "10", "-Q", "control,queries,steps", "-n", f"{name}@test",
            "--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "INFO", **env,
        )  # fmt: skip

    def beat(self) -> subprocess.Popen[bytes]:
        return self.start("beat", "--loglevel", "INFO", "-s", str(self.folder / "schedule"))

    def _log(self, number: int) -> Path:
        return self.folder / f"celery-{number}.log"

    def logs(self) -> str:
        return "\n".join(file.read_text(errors="replace") for file in sorted(self.folder.glob("celery-*.log")))

    def stop(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
                process.wait()


@contextmanager
def running(celery: Celery) -> Iterator[Celery]:
    try:
        yield celery
    finally:
        celery.stop()
