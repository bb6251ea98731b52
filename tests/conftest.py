"""Servers, the portal's database, and people. Everything else lives beside the tests that need it."""

import gc
from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.db import connections, transaction
from pytest_django import DjangoDbBlocker

from portal.accounts.models import User
from portal.accounts.types import Role
from tests.people import person
from tests.servers import servers

# Modules stay to the end, in this process and its forks: looking through them for garbage took a seventh of all time.
gc.set_threshold(50_000, 20, 100)


def pytest_collection_finish() -> None:
    gc.freeze()


@pytest.fixture(autouse=True)
def uncollected(settings) -> None:  # type: ignore[no-untyped-def]
    """Pages are rendered without building and collecting static files first."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}


@pytest.fixture(scope="session")
def mongo() -> None:
    """Starts MongoDB; `open_store("documents", ...)` works from here on."""
    servers.start("mongo")


@pytest.fixture(scope="session")
def warehouse() -> None:
    """Starts the Snowflake emulator; `open_store("warehouse", ...)` works from here on."""
    servers.start("warehouse")


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: DjangoDbBlocker) -> None:
    """Migrates as the owner; the tests then run as the account that web and workers use, which owns nothing."""
    with django_db_blocker.unblock():
        call_command("migrate", database="owner", verbosity=0)
        SEEDS.update(rows_of_tables())


@pytest.fixture
def live_db(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """A database that commits, so that other processes see it. Emptied afterwards, but for what migrations seeded."""
    with django_db_blocker.unblock():
        yield
        for connection in connections.all(initialized_only=True):
            connection.close()
        empty_tables()
        cache.clear()


SEEDS: dict[str, set[str]] = {}


def rows_of_tables() -> dict[str, set[str]]:
    """Physical row ids by table, of every table that has rows."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        found = {}
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT to_jsonb(t)::text FROM "{table}" t')
            found[table] = {row for (row,) in cursor.fetchall()}
    return found


def empty_tables() -> None:
    """As the owner: the account of web and workers may not empty the audit trail, in tests as elsewhere."""
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        # Emptying a table makes new files, filled or not: most tests fill few.
        look = (f"SELECT '{table}' WHERE EXISTS (SELECT FROM \"{table}\")" for table, rows in SEEDS.items() if not rows)
        cursor.execute(" UNION ALL ".join(look))
        filled = [table for (table,) in cursor.fetchall()]
        if filled:
            cursor.execute("TRUNCATE {} CASCADE".format(", ".join(f'"{table}"' for table in filled)))
        for table, rows in SEEDS.items():
            if rows:
                cursor.execute(f'DELETE FROM "{table}" t WHERE NOT to_jsonb(t)::text = ANY(%s)', [list(rows)])


@pytest.fixture
def any_db(request: pytest.FixtureRequest) -> None:
    """The database as the test wants it: committing when it asks for `live_db`, rolled back otherwise."""
    request.getfixturevalue("live_db" if "live_db" in request.fixturenames else "db")


@pytest.fixture
def analyst(any_db: None) -> User:
    return person("ana", Role.ANALYST)


@pytest.fixture
def colleague(any_db: None) -> User:
    return person("colin", Role.ANALYST)


@pytest.fixture
def outsider(any_db: None) -> User:
    """Signed in, and nothing else."""
    return person("otis")


@pytest.fixture
def steward(any_db: None) -> User:
    return person("stefan", Role.STEWARD)


@pytest.fixture
def officer(any_db: None) -> User:
    return person("olga", Role.OFFICER)


@pytest.fixture
def second_officer(any_db: None) -> User:
    return person("otto", Role.OFFICER)


@pytest.fixture
def engineer(any_db: None) -> User:
    return person("mila", Role.ENGINEER)


@pytest.fixture
def auditor(any_db: None) -> User:
    return person("aude", Role.AUDITOR)


@pytest.fixture
def administrator(any_db: None) -> User:
    return person("ada", Role.ADMINISTRATOR)
