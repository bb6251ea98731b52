"""What a person at the terminal sees: steps with their time, then one log with a prefix per part."""

import contextlib
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from portal.embedded.errors import EmbeddedError

WIDTH = 44
COLOURS = {"web": 36, "worker": 33, "beat": 35}
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
Report = Callable[[str], None]


class Console:
    """Writes whole lines under a lock: steps run side by side and several parts speak at once."""

    def __init__(self, log: Path | None = None) -> None:
        self._lock = threading.Lock()
        self._terminal = sys.stdout.isatty()
        self._open: dict[str, tuple[float, str]] = {}
        self._log = log
        if self._terminal:
            threading.Thread(target=self._tick, daemon=True).start()

    def say(self, line: str = "") -> None:
        with self._lock:
            self._wipe()
            self._write(line + "\n")
            self._draw()

    def part(self, name: str, line: str) -> None:
        label = f"{name:<9}| "
        if self._terminal:
            label = f"\x1b[{COLOURS.get(name, 34)}m{label}\x1b[0m"
        self.say(label + line)

    @contextmanager
    def step(self, title: str) -> Iterator[Report]:
        """Shows the step while it runs, with the last thing it reported, and how long it took at the end."""
        started = time.monotonic()
        outcome = ["done"]

        def report(what: str) -> None:
            text = CONTROL.sub("", what).strip()
            with self._lock:
                self._note(f"[{title}] {text}")
                self._wipe()
                self._open[title] = (started, text)
                self._draw()
            if text.startswith("="):  # a step's own word for its outcome
                outcome[0] = text[1:].strip()

        with self._lock:
            self._open[title] = (started, "")
            self._draw()
        try:
            yield report
        except BaseException as error:
            outcome[0] = "stopped" if isinstance(error, KeyboardInterrupt) else "FAILED"
            raise
        finally:
            with self._lock:
                self._wipe()
                self._open.pop(title, None)
                took = time.monotonic() - started
                self._write(f"  {title:<{WIDTH}} {outcome[0]:<12} {took:6.1f} s\n")
                self._draw()

    def _tick(self) -> None:
        """A step that says nothing for a minute still shows that time passes."""
        while True:
            time.sleep(1)
            with self._lock:
                self._wipe()
                self._draw()

    def _draw(self) -> None:
        if not self._terminal or not self._open:
            return
        title, (started, text) = next(iter(self._open.items()))
        more = f" (+{len(self._open) - 1})" if len(self._open) > 1 else ""
        self._write(f"  {title}{more} … {time.monotonic() - started:.0f} s {text}"[:110], keep=False)

    def _wipe(self) -> None:
        if self._terminal and self._open:
            self._write("\r\x1b[K", keep=False)

    def _write(self, text: str, *, keep: bool = True) -> None:
        # Whoever read along may have gone (a closed pipe, a closed terminal): the portal goes on without.
        with contextlib.suppress(BrokenPipeError):
            sys.stdout.write(text)
            sys.stdout.flush()
        if keep:
            self._note(text.rstrip("\n"))

    def _note(self, text: str) -> None:
        if self._log:
            with self._log.open("a") as out:
                out.write(CONTROL.sub("", text) + "\n")


def fail(console: Console, error: EmbeddedError) -> int:
    console.say(f"\nPortico did not start: {error}")
    return 1
