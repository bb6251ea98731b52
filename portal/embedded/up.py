"""`make up`: environments, servers, data, web, worker and beat, in the foreground until Ctrl-C.

Begins with the machine's own Python 3.11 and nothing installed; becomes the portal's Python once that is there.
"""

import argparse
import errno
import json
import os
import signal
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import FrameType

from portal.embedded import bootstrap, claim, commands, process, scoring, tracking
from portal.embedded.console import Console, fail
from portal.embedded.errors import EmbeddedError
from portal.embedded.home import BASE, Home, port_is_free
from portal.embedded.programs import Program, Programs, wait_until
from portal.embedded.seeding import PYTHON, Payments, Seeding

# glibc keeps freed memory in arenas, up to sixteen on two cores: the batches of ten threads would be spread over them.
WORKER = {"MALLOC_ARENA_MAX": "2"}
# Root is allowed here, and Celery need not warn of it.
PLAIN = {"PYTHONUNBUFFERED": "1", "PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges"}
HEALTHY_WITHIN_S = 60.0
FIRST_START_MB, LATER_START_MB = 3000, 300
FULL_BELOW_MB = 16  # what fails with less than this left has failed for want of it, whatever it says
STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
STOPPING = ("beat", "worker", "web")
# They may follow the pages, and the pages do without them.
COMPANIONS = (scoring.NAME, tracking.NAME)
ROTATE_EVERY_S = 60.0


def home() -> Home:
    return Home(Path(os.environ.get("PORTICO_HOME") or BASE / ".portico").resolve())


def port() -> int:
    given = os.environ.get("PORT") or "8000"
    if not given.isdigit() or not 0 < int(given) < 65536:
        raise EmbeddedError(f"PORT must be a number from 1 to 65535, not {given!r}.")
    return int(given)


def address() -> str:
    return f"http://127.0.0.1:{port()}/"


def programs_of(number: int) -> tuple[Program, ...]:
    python = str(PYTHON)
    celery = (python, "-m", "celery", "--quiet", "-A", "portal.celery")
    alone = ("--without-gossip", "--without-mingle", "--without-heartbeat")
    return (
        Program(
            "web",
            (
                python, "-m", "uvicorn", "portal.asgi:application", "--host", "127.0.0.1", "--port", str(number),
                "--timeout-graceful-shutdown", "3", "--no-access-log", "--lifespan", "off", "--log-level", "warning",
            ),
            8,
        ),
        Program(
            "worker",
            (
                *celery, "worker", "--pool", "threads", "--concurrency", "10", "-Q", "control,queries,steps",
                *alone, "--loglevel", "INFO",
            ),
            20,
            WORKER,
        ),
        Program("beat", (*celery, "beat", "--loglevel", "WARNING"), 5),
    )  # fmt: skip


class Up:
    """The second half, in the portal's own Python."""

    def __init__(self, console: Console, place: Home) -> None:
        from portal.embedded.servers import Embedded

        self._console = console
        self._home = place
        self._servers = Embedded(place.path)
        self._env = {"PORTICO_HOME": str(place.path), "PORT": str(port()), **PLAIN}
        self._programs = Programs(place, console, self._env)

    def run(self) -> None:
        started = time.monotonic()
        try:
            seeding = self._begin()
            self._welcome(time.monotonic() - started)
            self._watch(bootstrap.Beside(seeding.models))
        finally:
            self._end()

    def _begin(self) -> Seeding:
        with self._console.step("Servers"):
            self._servers.start()
        seeding = Seeding(self._home, self._console, self._env)
        seeding.before_programs()
        with self._console.step("Web, worker, beat") as report:
            for program in programs_of(port()):
                self._programs.start(program)
            self._wait_for_health(report)
        self._programs.start(tracking.program(self._home, str(PYTHON)))
        self._programs.start(scoring.program(self._home, str(PYTHON)))
        rest = bootstrap.Beside(seeding.after_programs)
        while rest.busy:  # the first run takes minutes: what dies meanwhile is started again
            self._look()
            time.sleep(0.5)
        rest.wait()
        return seeding

    def _wait_for_health(self, report: object) -> None:
        if not wait_until(lambda: bool(self._dead()) or healthy(), HEALTHY_WITHIN_S):
            raise EmbeddedError(f"it is not healthy after {HEALTHY_WITHIN_S:.0f} s: {unhealthy()}. Try `make doctor`.")
        if dead := self._dead():
            lines = process.last_lines(self._home.logs / f"{dead}.log")
            raise EmbeddedError(f"{dead} ended at once: {lines}")

    def _dead(self) -> str:
        return next((name for name in STOPPING if self._programs.dead(name) is not None), "")

    def _welcome(self, seconds: float) -> None:
        env = json.loads(self._home.env_file.read_text())
        self._console.say(
            f"\nPortico is up: {address()}  ({seconds:.0f} s)\n"
            f"  scoring service: {env['PORTICO_SCORING_URL']}/score\n"
            f"  password of every demo sign-in: {env['PORTICO_DEMO_PASSWORD']}\n"
            "    ana     analyst                 mila    ML engineer\n"
            "    stefan  steward                 aude    auditor\n"
            "    olga    compliance officer      ada     administrator\n"
            "    otto    compliance officer      mateo   ML engineer\n"
            "  Ctrl-C stops everything.\n"
        )

    def _watch(self, training: bootstrap.Beside) -> None:
        rotated, told = time.monotonic(), False
        while True:
            time.sleep(0.5)
            self._look()
            if not told and not training.busy:
                told = True
                self._tell(training)
            if time.monotonic() - rotated > ROTATE_EVERY_S:
                self._servers.rotate_logs()
                rotated = time.monotonic()

    def _tell(self, training: bootstrap.Beside) -> None:
        """The portal does without a model; the next start tries again."""
        try:
            training.wait()
        except (EmbeddedError, OSError) as error:
            self._console.part("up", f"no model was promoted: {error}")

    def _look(self) -> None:
        self._programs.look()
        for name in [name for name, lives in self._servers.alive().items() if not lives]:
            self._console.part("up", f"{name} ended; starting it again")
            self._servers.start(name)
            self._console.part("up", f"{name} is back")

    def _end(self) -> None:
        self._console.say("")
        with self._console.step("Stopping"):
            commands.stop_all()
            self._programs.stop(*COMPANIONS, *STOPPING)
            self._servers.stop()


def ask_health() -> tuple[int, dict[str, object]]:
    try:
        with urllib.request.urlopen(f"{address()}healthz", timeout=10) as answer:  # noqa: S310 - our own address
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        try:
            return error.code, json.load(error)
        except ValueError:
            return error.code, {}
    except (OSError, ValueError):
        return 0, {}


def healthy() -> bool:
    return ask_health()[0] == 200


def unhealthy() -> str:
    code, content = ask_health()
    components = content.get("components")
    if not isinstance(components, dict):
        return f"{address()}healthz answers {code}" if code else f"{address()} does not answer"
    return ", ".join(f"{name} is {state['status']}" for name, state in components.items() if state["status"] != "ok")


def first_half(console: Console, place: Home) -> None:
    """Takes the home, clears up after a killed start, checks what would stop us later, makes the environments."""
    bootstrap.require_space(place.path, LATER_START_MB if place.env_file.is_file() else FIRST_START_MB)
    Payments.wanted().check(place)
    handle = claim.take(place, address=address())
    if claim.end_leftovers(place):
        console.say("A start that was killed had left processes behind; they are ended.")
    if not port_is_free(port()):
        raise EmbeddedError(
            f"port {port()} is busy: another program listens there. Choose one with `make up PORT=8001`."
        )
    bootstrap.everything(console)
    claim.hand_on(handle)
    os.execv(PYTHON, [str(PYTHON), "-m", "portal.embedded.up", "--prepared"])  # noqa: S606 - the lock goes with us


def second_half(console: Console, place: Home) -> None:
    claim.take(place, address=address())
    Up(console, place).run()


def explained(error: EmbeddedError | OSError, place: Home) -> EmbeddedError:
    """One line. A disk that fills up while we start is met by whoever writes next, each in its own words."""
    text = str(error) if isinstance(error, EmbeddedError) else f"{error.strerror}: {error.filename or place.path}"
    free = bootstrap.free_megabytes(place.path)
    if os.strerror(errno.ENOSPC) in text or free < FULL_BELOW_MB:
        needed = LATER_START_MB if place.loaded.is_file() else FIRST_START_MB
        return EmbeddedError(
            f"the disk of {place.path} is full ({free} MB left). Everything that was started is stopped again. "
            f"Free {needed} MB, then run `make up` again: it goes on where this start ended."
        )
    return EmbeddedError(text)


def listen() -> None:
    """Whatever ends us ends everything in order: Ctrl-C, `make down`, a closed terminal, the death of `make`."""
    for number in STOPS:
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup
            signal.signal(number, interrupted)
    if Path(f"/proc/{os.getppid()}/comm").read_text().strip() in {"make", "gmake"}:
        process.die_with_parent(signal.SIGTERM)


def interrupted(number: int, frame: FrameType | None) -> None:
    """Once is enough: what follows stops everything in order, and a second Ctrl-C must not break that off."""
    for other in STOPS:
        signal.signal(other, signal.SIG_IGN)
    raise KeyboardInterrupt


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prepared", action="store_true", help="the environments are there (used by itself)")
    options = parser.parse_args()
    listen()
    place = home()
    console = Console()
    try:
        (second_half if options.prepared else first_half)(console, place)
    except (EmbeddedError, OSError) as error:
        return fail(console, explained(error, place))
    except KeyboardInterrupt:
        return 0
    finally:
        commands.stop_all()
    return 0


if __name__ == "__main__":
    sys.exit(main())
