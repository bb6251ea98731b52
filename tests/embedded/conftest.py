"""Connections to the warehouse of the test run, and homes of their own for tests that start and kill servers."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from portal.embedded.servers import Embedded
from tests.servers import servers


def connect(home: Path, account: str = "owner", **options: Any) -> Any:
    import snowflake.connector

    env = json.loads((home / "env.json").read_text())
    parts = urlsplit(env[f"PORTICO_WAREHOUSE_{account.upper()}_URL"])
    given = {
        "user": parts.username,
        "password": parts.password,
        "host": parts.hostname,
        "port": parts.port,
        "protocol": "http",
        "account": "fakesnow",
        "database": "ANALYTICS",
        "schema": "RAW",
        "login_timeout": 10,
        "network_timeout": 20,
    }
    return snowflake.connector.connect(**{**given, **options})


@pytest.fixture
def session(warehouse: None) -> Iterator[Callable[..., Any]]:
    """Opens sessions on the warehouse of the test run; they are closed at the end."""
    opened: list[Any] = []

    def open_one(account: str = "owner", **options: Any) -> Any:
        opened.append(connect(servers.home.path, account, **options))
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()


@pytest.fixture
def run(session: Callable[..., Any]) -> Callable[..., list[tuple[Any, ...]]]:
    """Runs one statement as the owner and returns its rows."""
    cursor = session().cursor()

    def run_one(text: str, *params: Any) -> list[tuple[Any, ...]]:
        return cursor.execute(text, params or None).fetchall()  # type: ignore[no-any-return]

    return run_one


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """An empty home; whatever runs there at the end of the test is ended."""
    place = tmp_path / "home"
    yield place
    Embedded(place, for_tests=True).stop()
