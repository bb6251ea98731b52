"""Starts, watches and stops the local servers."""

import contextlib
import fcntl
import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from portal.embedded import environment, process
from portal.embedded.emulator import Warehouse
from portal.embedded.errors import EmbeddedError
from portal.embedded.home import Home, Json, free_port, port_is_free, write_private
from portal.embedded.mongo import Mongo
from portal.embedded.part import Part, Setting
from portal.embedded.postgres import Postgres
from portal.embedded.valkey import Valkey

PARTS: dict[str, Part] = {part.name: part for part in (Postgres(), Mongo(), Valkey(), Warehouse())}
READY_WITHIN_S = 90.0
ILLEGAL_INSTRUCTION = -4
TRIES = 3


@dataclass(frozen=True)
class Status:
    running: bool
    answers: bool
    pid: int = 0
    port: int = 0


class Embedded:
    """The servers of one home. Start from a thread that lives as long as they should: they die with it."""

    def __init__(self, home: Path, *, for_tests: bool = False) -> None:
        self.home = Home(home.resolve())
        self._for_tests = for_tests
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def prepare(self) -> dict[str, str]:
        """Chooses ports and makes secrets once, writes env.json, and returns what it holds."""
        self.home.make()
        with self._lock():
            return self._prepare()

    def start(self, *parts: str) -> None:
        """Starts what is not running yet and waits until all of it answers. Raises EmbeddedError, leaving nothing."""
        self.home.make()
        with self._lock():
            self._prepare()
            fresh = [name for name in parts or PARTS if not self._usable(name)]
            try:
                for name in fresh:
                    self._launch(name)
                for name in fresh:
                    self._await(name)
            except BaseException:  # Ctrl-C too: nothing half-started is left behind
                for name in reversed(fresh):
                    self._end(name)
                raise

    def stop(self, *parts: str) -> None:
        for name in reversed(parts or tuple(PARTS)):
            self._end(name)

    def status(self) -> dict[str, Status]:
        setting = self._setting(self.home.read_state())
        found = {}
        for name, part in PARTS.items():
            running = process.read(self._pid_file(name))
            port = int(setting.state["ports"].get(name, 0))
            answers = bool(running and part.answers(setting))
            found[name] = Status(bool(running), answers, running.pid if running else 0, port)
        return found

    def alive(self) -> dict[str, bool]:
        """Whether the process of each part is there; cheap enough to ask twice a second."""
        return {name: process.read(self._pid_file(name)) is not None for name in PARTS}

    def rotate_logs(self) -> None:
        for name in PARTS:
            process.rotate(self._log(name))

    def _prepare(self) -> dict[str, str]:
        state = self.home.read_state()
        environment.fill_secrets(state["secrets"])
        for name in (*PARTS, *environment.LISTENERS):
            self._choose_port(name, state)
        self.home.write_state(state)
        content = environment.environment(state["ports"], state["secrets"])
        write_private(self.home.env_file, content)
        return content

    def _choose_port(self, name: str, state: Json) -> None:
        known = int(state["ports"].get(name, 0))
        if known and (process.read(self._pid_file(name)) or port_is_free(known)):
            return
        state["ports"][name] = str(free_port({int(port) for port in state["ports"].values()}))

    def _usable(self, name: str) -> bool:
        """Running, and watched by somebody alive. What a killed start left behind is ended, not adopted."""
        running = process.read(self._pid_file(name))
        if not running:
            return False
        if running.owned and PARTS[name].answers(self._setting(self.home.read_state())):
            return True
        self._end(name)
        return False

    def _launch(self, name: str) -> None:
        setting = self._setting(self.home.read_state())
        launch = PARTS[name].launch(setting)
        log = self._log(name)
        process.rotate(log, limit=1)
        child = process.spawn(
            launch.command,
            log=log,
            env=launch.env,
            user=launch.user,
            log_filter=launch.log_filter,
            death_signal=PARTS[name].stop_signal,
        )
        self._children[name] = child
        process.write(self._pid_file(name), process.Running.of(child.pid))

    def _await(self, name: str) -> None:
        setting = self._setting(self.home.read_state())
        deadline, tries = time.monotonic() + READY_WITHIN_S, 1
        while not PARTS[name].answers(setting):
            code = self._children[name].poll()
            if code is not None and (tries == TRIES or code == ILLEGAL_INSTRUCTION):
                raise EmbeddedError(self._obituary(name, code))
            if code is not None:  # the last one may not have let go of its folder yet
                tries += 1
                time.sleep(1)
                self._launch(name)
            if time.monotonic() > deadline:
                raise EmbeddedError(f"{name} did not answer within {READY_WITHIN_S:.0f} s; see {self._log(name)}.")
            time.sleep(0.05)
        PARTS[name].settle(setting)
        self.home.write_state(setting.state)

    def _obituary(self, name: str, code: int) -> str:
        if code == ILLEGAL_INSTRUCTION:
            return f"{name} cannot run on this processor (an instruction is missing; MongoDB 6 needs AVX)."
        return f"{name} ended with code {code}: {process.last_lines(self._log(name))} (see {self._log(name)})"

    def _end(self, name: str) -> None:
        file = self._pid_file(name)
        if running := process.read(file):
            process.end(running, sig=PARTS[name].stop_signal)
        if child := self._children.pop(name, None):
            child.wait()
        file.unlink(missing_ok=True)

    def _setting(self, state: Json) -> Setting:
        return Setting(self.home, state, self._for_tests)

    def _pid_file(self, name: str) -> Path:
        return self.home.run / f"{name}.json"

    def _log(self, name: str) -> Path:
        return self.home.logs / f"{name}.log"

    @contextlib.contextmanager
    def _lock(self) -> Iterator[None]:
        """One start at a time in one home."""
        handle = os.open(self.home.run / "lock", os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)
