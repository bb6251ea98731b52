"""A whole portal in a home of its own, started by the same command as `make up`, and a browser in front of it."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page

from tests.browser import AXE, ROOT, browser

UP_WITHIN_S = 360
SEEDED_WITHIN_S = 180


@dataclass(frozen=True)
class Portal:
    """`log` is what the command printed."""

    address: str
    home: Path
    log: Path
    process: subprocess.Popen[bytes]

    @property
    def password(self) -> str:
        return str(json.loads((self.home / "env.json").read_text())["PORTICO_DEMO_PASSWORD"])

    def environment(self) -> dict[str, str]:
        return outer_environment() | {"PORTICO_HOME": str(self.home)}


def outer_environment() -> dict[str, str]:
    """Without the addresses of the servers that the other tests talk to."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PORTICO_")}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(home: Path, *, port: int, scale: str) -> Portal:
    log = home.parent / f"up-{port}-{time.monotonic_ns()}.log"
    environment = outer_environment() | {"PORTICO_HOME": str(home), "PORT": str(port), "SCALE": scale}
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "portal.embedded.up"], cwd=ROOT, env=environment, stdout=out, stderr=out
        )
    deadline = time.monotonic() + UP_WITHIN_S
    while time.monotonic() < deadline and process.poll() is None:
        if "Portico is up" in log.read_text(errors="replace"):
            return Portal(f"http://127.0.0.1:{port}", home, log, process)
        time.sleep(0.5)
    process.kill()
    raise AssertionError(f"the portal did not come up:\n{log.read_text(errors='replace')[-4000:]}")


@pytest.fixture(scope="session")
def portal() -> Iterator[Portal]:
    folder = Path(tempfile.mkdtemp(prefix="portico-e2e-"))
    folder.chmod(0o755)  # an unprivileged PostgreSQL passes through it when root starts
    started = start(folder / "home", port=free_port(), scale="0.02")
    yield started
    try:
        if started.process.poll() is None:  # else a test has killed it, and says so
            started.process.send_signal(signal.SIGINT)
            assert started.process.wait(60) == 0
    finally:
        started.process.kill()
        rmtree(folder, ignore_errors=True)


def run(portal: Portal, *arguments: str) -> str:
    """Another program with the portal's own Python and home; what it printed."""
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=ROOT, env=portal.environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.strip()


@pytest.fixture(scope="session")
def versions(portal: Portal) -> None:
    """Versions 1 and 2 of the fraud model, of which the first serves."""
    until = time.monotonic() + SEEDED_WITHIN_S
    while not (portal.home / "done" / "comparison").exists() and time.monotonic() < until:
        time.sleep(0.5)  # the start command looks for something to train on, to promote and to compare
    run(portal, "-m", "tests.e2e.plant_models", "versions")


@pytest.fixture(scope="module")  # no longer: its event loop would keep Django's database from the tests that follow
def chromium() -> Iterator[Browser]:
    with browser() as started:
        yield started


@dataclass(frozen=True)
class Visitor:
    """A page that remembers what the browser complained of, and can be asked what axe finds."""

    page: Page
    address: str
    complaints: list[str]

    def open(self, path: str) -> None:
        try:
            self.page.goto(self.address + path)
        except Error as error:  # on a busy machine the page after the sign-in may still be on its way
            if "interrupted by another navigation" not in str(error):
                raise
            self.page.wait_for_load_state()
            self.page.goto(self.address + path)

    def axe(self) -> list[str]:
        """Ids of the rules that axe-core finds broken (WCAG 2.2 A and AA)."""
        self.page.evaluate(AXE.read_text())
        found = self.page.evaluate(
            "axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']})"
            ".then(r => r.violations.map(v => v.id + ': ' + v.nodes.map(n => n.target.join(' ')).join(', ')))"
        )
        return [str(item) for item in found]


@pytest.fixture
def visit(portal: Portal, chromium: Browser) -> Iterator[Callable[..., Visitor]]:
    """`visit("ana", width=390)`: a browser in which that person is signed in."""
    contexts: list[BrowserContext] = []

    def signed_in(name: str, *, width: int = 1440, scheme: str = "light") -> Visitor:
        context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{portal.address}/sign-in/")
        page.fill("input[name=username]", name)
        page.fill("input[name=password]", portal.password)
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.wait_for_url(f"{portal.address}/")
        return Visitor(page, portal.address, complaints)

    yield signed_in
    for context in contexts:
        context.close()
