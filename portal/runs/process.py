"""The worker's side of a child process (see `supervisor`)."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from django.conf import settings

SUPERVISOR = Path(__file__).with_name("supervisor.py")
LINE_LIMIT = 4000


class Child:
    """A running child. `alive` after each renewal of the lease, or its supervisor kills it."""

    def __init__(self, args: Sequence[str], *, env: Mapping[str, str] | None, cwd: str | None) -> None:
        # The supervisor must act before the lease ends, and its clock starts when it hears of a renewal.
        silence_s = settings.RUN_LEASE_SECONDS * 0.8
        limits = [str(silence_s), str(settings.RUN_STOP_SECONDS / 2)]
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(SUPERVISOR), *limits, "--", *args],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(env or {})},
            cwd=cwd,
            start_new_session=True,
        )
        assert self._process.stdin is not None
        os.set_blocking(self._process.stdin.fileno(), False)

    def alive(self) -> None:
        self._say(b".")

    def stop(self) -> None:
        """TERM to the child's process group, KILL when it has not ended after half of RUN_STOP_SECONDS."""
        self._say(b"T")

    def kill(self) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()

    def follow(self, line: Callable[[str], None]) -> int:
        """Hands over each line of output as it comes; returns the exit code (128 + n for signal n)."""
        assert self._process.stdout is not None
        with self._process.stdout as output:
            for raw in output:
                line(raw.decode(errors="replace").rstrip()[:LINE_LIMIT])
        code = self._process.wait()
        self.kill()
        return code

    def _say(self, word: bytes) -> None:
        assert self._process.stdin is not None
        # Full: it is stopped and will hear later words. Closed or broken: it has ended.
        with contextlib.suppress(OSError, ValueError):
            os.write(self._process.stdin.fileno(), word)
