"""A second engineer, an MLflow that is not there, and, for the few tests that need one, an MLflow that is."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from django.conf import settings as portal

from apps.models import registry
from portal.accounts.models import User
from portal.accounts.types import Role
from portal.embedded import tracking as server
from tests.people import person
from tests.servers import servers

STARTS_WITHIN_S = 300


@pytest.fixture
def second_engineer(any_db: None) -> User:
    return person("mateo", Role.ENGINEER)


@dataclass
class Registry:
    """Answers in place of MLflow's HTTP, where a test is about the ledger: which versions are there, the alias."""

    versions: set[int] = field(default_factory=lambda: set(range(1, 10)))
    alias: int | None = None
    down: bool = False

    def ask(self, method: str, path: str, **fields: str) -> dict[str, object]:
        if self.down:
            raise registry.RegistryDown("MLflow does not answer.")
        number = int(fields.get("version", 0))
        if path == "/model-versions/get" or method == "POST":
            if number not in self.versions:
                raise registry.NotThere(path)
            if method == "POST":
                self.alias = number
            return {"model_version": {"status": "READY"}}
        if self.alias is None:
            raise registry.NotThere(path)
        return {"model_version": {"version": str(self.alias)}}


@pytest.fixture
def mlflow_says(monkeypatch: pytest.MonkeyPatch) -> Registry:
    found = Registry()
    monkeypatch.setattr(registry, "ask", found.ask)
    return found


@pytest.fixture
def nobody_listens(settings) -> None:  # type: ignore[no-untyped-def]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        settings.TRACKING_URL = f"http://127.0.0.1:{probe.getsockname()[1]}"


@pytest.fixture(scope="session")
def mlflow(django_db_setup: None) -> Iterator[str]:
    """A real tracking server on the test run's PostgreSQL, started once."""
    program = server.program(servers.home, sys.executable)
    log = (servers.home.logs / "tracking.log").open("wb")
    child = subprocess.Popen(
        program.command, env={**os.environ, **program.env}, stdout=log, stderr=log, cwd=Path(portal.BASE_DIR)
    )
    try:
        deadline = time.monotonic() + STARTS_WITHIN_S
        while not answers(portal.TRACKING_URL):
            assert child.poll() is None, (servers.home.logs / "tracking.log").read_text()[-2000:]
            assert time.monotonic() < deadline, "the tracking server did not start"
            time.sleep(0.2)
        yield portal.TRACKING_URL
    finally:
        child.terminate()
        child.wait()


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/version", timeout=1) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
