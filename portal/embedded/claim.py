"""One `make up` per home: a lock that the kernel lets go of when its holder dies, and a word on who holds it."""

import fcntl
import json
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from portal.embedded import process
from portal.embedded.errors import EmbeddedError
from portal.embedded.home import Home, write_private

PROGRAMS = ("web", "worker", "beat", "tracking", "scoring")
STOP_WITHIN_S = 60.0
HANDLE = "PORTICO_UP_LOCK"  # the open lock, handed on when the program replaces itself


@dataclass(frozen=True)
class Holder:
    pid: int
    since: str
    address: str


def take(home: Home, *, address: str) -> int:
    """The open lock, held until this process ends. Raises EmbeddedError naming who holds it."""
    home.make()
    handed = os.environ.pop(HANDLE, "")
    handle = int(handed) if handed else lock(home)
    os.set_inheritable(handle, False)
    about = {"pid": os.getpid(), "since": time.strftime("%H:%M:%S"), "address": address}
    write_private(_about(home), about)
    return handle


def lock(home: Home) -> int:
    handle = os.open(home.run / "up.lock", os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise EmbeddedError(taken(home)) from None
    return handle


def hand_on(handle: int) -> None:
    """Before exec: the lock stays ours throughout."""
    os.set_inheritable(handle, True)
    os.environ[HANDLE] = str(handle)


def holder(home: Home) -> Holder | None:
    """Who runs here, if anybody does."""
    file = home.run / "up.lock"
    if not file.is_file():
        return None
    handle = os.open(file, os.O_WRONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read(home)
    finally:
        os.close(handle)
    return None


def taken(home: Home) -> str:
    found = _read(home)
    if not found:
        return f"another `make up` is starting in {home.path}."
    return (
        f"it is already running in {home.path}: process {found.pid}, since {found.since}, at {found.address}. "
        "Stop it with `make down`."
    )


def stop(home: Home) -> bool:
    """Asks the running one to stop and waits for it; False when nobody runs. Ends what a killed one left."""
    found = holder(home)
    if found:
        os.kill(found.pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_WITHIN_S
        while holder(home) and time.monotonic() < deadline:
            time.sleep(0.1)
        if holder(home):
            raise EmbeddedError(f"process {found.pid} did not stop within {STOP_WITHIN_S:.0f} s.")
    left = end_leftovers(home)
    return bool(found) or left


def end_leftovers(home: Home) -> bool:
    """What a killed start left running, by its files and only if it is still the same process."""
    found = False
    for file in sorted(home.run.glob("*.json")) if home.run.is_dir() else ():
        running = process.read(file)
        if running and not running.owned:
            sig = signal.SIGINT if file.stem == "postgres" else signal.SIGTERM
            process.end(running, sig=sig, patience_s=10)
            found = True
        if file.stem in PROGRAMS and not process.read(file):
            file.unlink(missing_ok=True)
    return found


def _about(home: Home) -> Path:
    return home.run / "up.about"


def _read(home: Home) -> Holder | None:
    try:
        return Holder(**json.loads(_about(home).read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None
