"""The payments platform on the servers of the test run, empty before and after."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from estate import load
from estate.documents.collections import COLLECTIONS
from estate.oltp.load import TABLES
from portal.stores import open_store
from portal.stores.types import Command, Documents, Sql

SMALL = Path(__file__).parent / "olist_small"
Ask = Callable[..., list[tuple[object, ...]]]


def empty() -> None:
    tables = ", ".join(f"public.{name}" for name in (*TABLES, "loads", "load_rejects"))
    open_store("oltp", "owner").execute(Sql(f"truncate {tables}"))
    documents = open_store("documents", "owner")
    for collection in COLLECTIONS:
        documents.execute(Command({"delete": collection.name, "deletes": [{"q": {}, "limit": 0}]}))


@pytest.fixture(scope="session")
def schemas(mongo: None, warehouse: None) -> None:
    load.prepare()


@pytest.fixture
def platform(schemas: None) -> Iterator[None]:
    empty()
    yield
    empty()


@pytest.fixture
def ask(platform: None) -> Ask:
    """Rows of the OLTP, as the account that people's queries use."""

    def rows(text: str, *params: object) -> list[tuple[object, ...]]:
        with open_store("oltp", "gate").read(Sql(text, params)) as found:
            return [tuple(row.values()) for batch in found for row in batch.to_pylist()]

    return rows


@pytest.fixture
def documents(platform: None) -> Callable[[str], list[dict[str, object]]]:
    def rows(collection: str) -> list[dict[str, object]]:
        pipeline = ({"$sort": {"_id": 1}},)
        with open_store("documents", "gate").read(Documents(collection, pipeline)) as found:
            return [row for batch in found for row in batch.to_pylist()]

    return rows
