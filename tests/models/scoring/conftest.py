"""One scoring service for all tests of this folder: the real process, as `make up` starts it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from django.core.cache import cache
from django.db import connections
from pytest_django import DjangoDbBlocker

from portal.embedded.process import as_child
from tests.conftest import empty_tables
from tests.models import serving

ROOT = Path(__file__).resolve().parents[3]
STARTS_WITHIN_S = 150  # ten on a machine that does nothing else
RIGHT = {"AMOUNT": 3_900.0, "HOUR": 12, "CHANNEL": "web"}


@dataclass
class Answer:
    status: int
    body: Any
    headers: Any


@dataclass
class Scoring:
    port: int
    log: Path
    process: subprocess.Popen[bytes]

    def ask(self, path: str, *, token: str = "", body: bytes | None = None, kind: str = "application/json") -> Answer:
        headers = {"Content-Type": kind} | ({"Authorization": f"Bearer {token}"} if token else {})
        request = Request(f"http://127.0.0.1:{self.port}{path}", data=body, headers=headers)
        try:
            with urlopen(request, timeout=10) as answer:
                return Answer(answer.status, json.load(answer), answer.headers)
        except HTTPError as error:
            return Answer(error.code, json.load(error), error.headers)

    def score(self, token: str, features: object = None, **more: object) -> Answer:
        content = {"features": RIGHT if features is None else features, **more}
        return self.ask("/score", token=token, body=json.dumps(content).encode())

    def serves(self, number: int | None, *, within_s: float = 5.0) -> float:
        """Waits until it serves this version (None: nothing), and returns how long that took."""
        began = time.monotonic()
        while time.monotonic() - began < within_s:
            if self.ask("/healthz").body.get("version") == number:
                return time.monotonic() - began
            time.sleep(0.05)
        raise AssertionError(f"{self.ask('/healthz').body} after {within_s} s\n{self.log.read_text()}")


def started(folder: Path, **settings: str) -> Scoring:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    log = folder / f"scoring-{port}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            # It ends with the test run, however that ends.
            as_child([sys.executable, "-m", "apps.models.scoring", "--port", str(port)], death_signal=signal.SIGKILL),
            cwd=ROOT,
            env={**os.environ, **settings},
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    found = Scoring(port, log, process)
    until = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < until and process.poll() is None:
        try:
            found.ask("/healthz")
        except OSError:
            time.sleep(0.1)
        else:
            return found
    raise AssertionError(log.read_text())


def ended(service: Scoring, number: int = signal.SIGTERM) -> int:
    service.process.send_signal(number)
    try:
        return service.process.wait(15)
    finally:
        service.process.kill()


@pytest.fixture(scope="session")
def one_service(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scoring]:
    found = started(tmp_path_factory.mktemp("scoring"))
    yield found
    ended(found)


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two models that answer the opposite of each other."""
    folder = tmp_path_factory.mktemp("artifacts")
    return serving.artifact(folder / "one"), serving.artifact(folder / "two", sign=-1)


@pytest.fixture(scope="module")
def lasting_db(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """A database that commits and that the tests of one file share: a swap takes two seconds, which adds up."""
    with django_db_blocker.unblock():
        yield
        for connection in connections.all(initialized_only=True):
            connection.close()
        empty_tables()
        cache.clear()


@pytest.fixture(scope="module")
def champion(lasting_db: None, one_service: Scoring, files: tuple[Path, Path]) -> Scoring:
    """The service, serving version 1, for all tests of a file."""
    serving.forget_kept_files()
    one_service.serves(None)  # what an earlier file promoted is gone, and it has seen that
    serving.promote(serving.version(files[0]))
    one_service.serves(1)
    return one_service


@pytest.fixture(scope="module")
def token(lasting_db: None) -> str:
    return serving.service()[1]


@pytest.fixture
def scoring(live_db: None, one_service: Scoring) -> Scoring:
    """The service, over an empty ledger."""
    serving.forget_kept_files()
    one_service.serves(None)
    return one_service
