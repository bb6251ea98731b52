"""Runs another program to its end: its last line is the step's progress, its end is ours when it fails."""

import contextlib
import os
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path

from portal.embedded.console import Report
from portal.embedded.errors import EmbeddedError
from portal.embedded.home import BASE
from portal.embedded.process import as_child

KEPT = 12
running: set[subprocess.Popen[str]] = set()
_guard = threading.Lock()


def run(
    command: Sequence[str | Path], *, report: Report, env: Mapping[str, str] | None = None, cwd: Path = BASE
) -> None:
    """Raises EmbeddedError with the program's last words when it ends badly."""
    words = [str(word) for word in command]
    child = subprocess.Popen(
        as_child(words, death_signal=signal.SIGTERM, umask="022"),
        cwd=cwd,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,  # Ctrl-C is ours to pass on
    )
    with _guard:
        running.add(child)
    last: deque[str] = deque(maxlen=KEPT)
    try:
        assert child.stdout is not None
        for line in child.stdout:
            if line.strip():
                last.append(line.rstrip())
                report(line)
        code = child.wait()
    finally:
        stop(child)
    if code:
        name = " ".join(Path(word).name if "/" in word else word for word in words[:4])
        raise EmbeddedError(f"`{name}` ended with code {code}:\n    " + "\n    ".join(last))


def stop(child: subprocess.Popen[str]) -> None:
    with _guard:
        running.discard(child)
    if child.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGTERM)
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def stop_all() -> None:
    for child in list(running):
        stop(child)
