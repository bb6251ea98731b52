"""Real workers and a real scheduler, as processes of their own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from portal.runs.models import Heartbeat

ROOT = Path(__file__).resolve().parents[2]
QUICK = {
    "PORTICO_RUN_LEASE_SECONDS": "4",
    "PORTICO_RUN_RENEW_SECONDS": "1",
    "PORTICO_RUN_SWEEP_SECONDS": "1",
    "PORTICO_RUN_BACKOFF_SECONDS": "1",
    "PORTICO_RUN_STOP_SECONDS": "2",
}


def eventually(condition: Callable[[], object], timeout_s: float = 20) -> object:
    until = time.monotonic() + timeout_s
    while time.monotonic() < until:
        if found := condition():
            return found
        time.sleep(0.1)
    raise AssertionError("it did not happen")


@dataclass
class Celery:
    folder: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, *arguments: str, **extra: str) -> subprocess.Popen[bytes]:
        log = (self.folder / f"celery-{len(self.processes)}.log").open("wb")
        process = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "portal.celery", *arguments],
            env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.worker_settings", **QUICK, **extra},
            cwd=ROOT,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.processes.append(process)
        return process

    def worker(self, name: str = "first", **extra: str) -> subprocess.Popen[bytes]:
        process = self.start(
            "worker", "--pool", "threads", "--concurrency", "10", "-Q", "control,queries,steps", "-n", f"{name}@test",
            "--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "INFO", **extra,
        )  # fmt: skip
        eventually(lambda: self.lives(process), 60)
        return process

    def beat(self) -> subprocess.Popen[bytes]:
        return self.start("beat", "--loglevel", "INFO", "-s", str(self.folder / "schedule"))

    def lives(self, process: subprocess.Popen[bytes]) -> bool:
        if process.poll() is not None:
            raise AssertionError(self.logs())
        return Heartbeat.objects.filter(name__endswith=f"process {process.pid}").exists()

    def logs(self) -> str:
        return "\n".join(file.read_text(errors="replace") for file in sorted(self.folder.glob("celery-*.log")))

    def stop(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
                process.wait()
