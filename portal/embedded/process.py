"""Processes that die with the one who started them, and that the next start can recognise."""

import contextlib
import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from portal.embedded.home import write_private

CHILD = Path(__file__).with_name("child.py")
PR_SET_PDEATHSIG = 1
LOG_BYTES = 5_000_000
LOGS_KEPT = 3


def started_at(pid: int) -> str:
    """When the kernel started this pid, in clock ticks; empty when there is no such process (or only its corpse)."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    return "" if after_name[0] in "ZX" else after_name[19]


@dataclass(frozen=True)
class Running:
    """A process by pid and start time, so that a pid used again is not mistaken for it; and who started it."""

    pid: int
    started: str
    owner: int
    owner_started: str

    @classmethod
    def of(cls, pid: int) -> "Running":
        return cls(pid, started_at(pid), os.getpid(), started_at(os.getpid()))

    @property
    def alive(self) -> bool:
        return bool(self.started) and started_at(self.pid) == self.started

    @property
    def owned(self) -> bool:
        """Whoever started it is still there to watch it."""
        return bool(self.owner_started) and started_at(self.owner) == self.owner_started


def read(file: Path) -> Running | None:
    try:
        found = Running(**json.loads(file.read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None
    return found if found.alive else None


def read_foreign(pid: int, argument: str) -> Running | None:
    """A process we have no file about, if `argument` stands on its command line."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return None
    return Running(pid, started_at(pid), 0, "") if argument.encode() in words else None


def write(file: Path, process: Running) -> None:
    write_private(file, asdict(process))


def die_with_parent(number: int) -> None:
    """This process gets the signal when the one that started it ends, however it ends."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)


def as_child(
    command: Sequence[str], *, death_signal: int, umask: str = "077", user: str = "", log_filter: str = ""
) -> list[str]:
    """The command line that becomes `command` after tying its life to ours (see child.py)."""
    options = ["--signal", str(int(death_signal)), "--parent", str(os.getpid()), "--umask", umask]
    options += ["--user", user] if user else []
    options += ["--log-filter", log_filter] if log_filter else []
    return [sys.executable, "-I", str(CHILD), *options, "--", *command]


def spawn(
    command: Sequence[str],
    *,
    log: Path | int,
    env: Mapping[str, str],
    user: str = "",
    log_filter: str = "",
    death_signal: int = signal.SIGTERM,
    umask: str = "077",
    cwd: Path = Path("/"),
) -> subprocess.Popen[bytes]:
    """Starts a child in a session of its own, so that Ctrl-C reaches only us and we stop it in order.

    The kernel ties its life to the calling *thread*: call this from one that lives as long as the child should.
    """
    own = log if isinstance(log, int) else os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        return subprocess.Popen(
            as_child(command, death_signal=death_signal, umask=umask, user=user, log_filter=log_filter),
            stdin=subprocess.DEVNULL,
            stdout=own,
            stderr=subprocess.STDOUT,
            env=dict(env),
            cwd=cwd,
            start_new_session=True,
        )
    finally:
        if own is not log:
            os.close(own)


def end(process: Running, *, sig: int = signal.SIGTERM, patience_s: float = 15.0) -> None:
    """Asks, waits, then kills. Works for children and for leftovers of a start that was killed."""
    for ask, wait_s in ((sig, patience_s), (signal.SIGKILL, 5.0)):
        deadline = time.monotonic() + wait_s
        with contextlib.suppress(ProcessLookupError):
            if process.alive:
                os.kill(process.pid, ask)
        while process.alive and time.monotonic() < deadline:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(process.pid, os.WNOHANG)
            time.sleep(0.05)
        if not process.alive:
            return


def rotate(log: Path, *, limit: int = LOG_BYTES) -> None:
    """Copies and empties: the server keeps its handle, which appends, so no line goes to a file nobody reads."""
    if not log.is_file() or log.stat().st_size < limit:
        return
    for number in range(LOGS_KEPT - 1, 0, -1):
        older = log.with_suffix(f".log.{number}")
        if older.is_file():
            older.replace(log.with_suffix(f".log.{number + 1}"))
    first = log.with_suffix(".log.1")
    first.write_bytes(log.read_bytes())
    first.chmod(0o600)
    os.truncate(log, 0)


def last_lines(log: Path, count: int = 3) -> str:
    if not log.is_file():
        return ""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 4000))
        lines = file.read().decode(errors="replace").splitlines()
    return " | ".join(line.strip()[:200] for line in lines[-count:])
