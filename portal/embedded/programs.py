"""The portal's own processes: web, worker, beat. Their lines come out with a prefix; one that dies is started again."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from portal.embedded import process
from portal.embedded.console import CONTROL, Console
from portal.embedded.home import Home

LONGEST_PAUSE_S = 30.0
STEADY_AFTER_S = 60.0


@dataclass(frozen=True)
class Program:
    name: str
    command: tuple[str, ...]
    patience_s: float  # how long it may take to stop in order
    env: Mapping[str, str] = field(default_factory=dict)  # what it alone is told


@dataclass
class Life:
    """`pause_s` doubles each time it dies soon after its start."""

    child: subprocess.Popen[bytes]
    started: float = field(default_factory=time.monotonic)
    pause_s: float = 1.0
    due: float = 0.0  # when it is to be started again; 0 while it runs


class Programs:
    """Start from the main thread: a child dies with the thread that made it."""

    def __init__(self, home: Home, console: Console, env: Mapping[str, str]) -> None:
        self._home = home
        self._console = console
        self._env = {**os.environ, **env}
        self._programs: dict[str, Program] = {}
        self._lives: dict[str, Life] = {}

    def start(self, program: Program, *, pause_s: float = 1.0) -> None:
        reading, writing = os.pipe()
        child = process.spawn(
            program.command,
            log=writing,
            env={**self._env, **program.env},
            death_signal=signal.SIGKILL,
            umask="027",
            cwd=Path.cwd(),
        )
        os.close(writing)
        process.write(self._home.run / f"{program.name}.json", process.Running.of(child.pid))
        self._programs[program.name] = program
        self._lives[program.name] = Life(child, pause_s=pause_s)
        log = self._home.logs / f"{program.name}.log"
        pipe = os.fdopen(reading, "r", errors="replace")
        threading.Thread(target=self._carry, args=(program.name, pipe, log), daemon=True).start()

    def look(self) -> None:
        """Starts again what has died, later each time it dies at once."""
        now = time.monotonic()
        for name, life in list(self._lives.items()):
            if life.due and now >= life.due:
                self.start(self._programs[name], pause_s=life.pause_s)
            elif not life.due and (code := life.child.poll()) is not None:
                steady = now - life.started > STEADY_AFTER_S
                wait = 1.0 if steady else life.pause_s
                life.due, life.pause_s = now + wait, min(wait * 2, LONGEST_PAUSE_S)
                self._console.part("up", f"{name} ended ({ending(code)}); starting it again in {wait:.0f} s")

    def stop(self, *names: str) -> None:
        for name in names:
            life = self._lives.pop(name, None)
            if life:
                process.end(process.Running.of(life.child.pid), patience_s=self._programs[name].patience_s)
                life.child.wait()
            (self._home.run / f"{name}.json").unlink(missing_ok=True)

    def dead(self, name: str) -> int | None:
        """The exit code of a program that is not running, None while it runs."""
        return self._lives[name].child.poll() if name in self._lives else 0

    def _carry(self, name: str, pipe: IO[str], log: Path) -> None:
        with pipe:
            for line in pipe:
                text = line.rstrip()
                if not text:
                    continue
                process.rotate(log)
                with log.open("a") as out:
                    out.write(CONTROL.sub("", text) + "\n")
                self._console.part(name, text)


def ending(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"code {code}"


def wait_until(ready: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if ready():
            return True
        time.sleep(0.2)
    return False
