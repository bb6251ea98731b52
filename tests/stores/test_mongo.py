"""Documents: types that differ, paths, validators."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pytest

from portal.stores import open_store
from portal.stores.types import Command, Documents, KeyInfo, Store, StoreError


@pytest.fixture
def store(mongo: None) -> Store:
    return open_store("documents", "owner")


@pytest.fixture
def name(store: Store) -> Iterator[str]:
    name = f"c_{uuid4().hex[:12]}"
    store.execute(Command({"create": name}))
    yield name
    store.execute(Command({"drop": name}))


def fill(store: Store, name: str, *documents: dict[str, Any]) -> None:
    store.execute(Command({"insert": name, "documents": list(documents)}))


def read(store: Store, name: str, **how: Any) -> list[pa.RecordBatch]:
    with store.read(Documents(name, ({"$sort": {"_id": 1}},)), **how) as rows:
        return list(rows)


def test_what_values_have_in_common_is_the_type(store: Store, name: str) -> None:
    fill(
        store,
        name,
        {"_id": 1, "n": 1, "f": 1, "m": "1", "d": {"a": [1, "ü"]}, "l": [1], "z": None, "big": 2**60},
        {"_id": 2, "n": 2**40, "f": 0.5, "m": 2, "at": datetime(2020, 1, 1, tzinfo=UTC), "big": 0.5},
    )
    (batch,) = read(store, name)
    assert batch.to_pylist() == [
        {
            "_id": 1,
            "n": 1,
            "f": 1.0,
            "m": "1",
            "d": '{"a": [1, "ü"]}',
            "l": "[1]",
            "z": None,
            "big": str(2**60),
            "at": None,
        },
        {
            "_id": 2,
            "n": 2**40,
            "f": 0.5,
            "m": "2",
            "d": None,
            "l": None,
            "z": None,
            "big": "0.5",
            "at": datetime(2020, 1, 1, tzinfo=UTC),
        },
    ]
    types = {field.name: field.metadata[b"store_type"].decode() for field in batch.schema}
    assert (types["m"], types["d"], types["l"], types["at"]) == ("mixed", "object", "array", "date")


def test_a_later_batch_may_have_other_columns_and_loses_nothing(store: Store, name: str) -> None:
    fill(store, name, {"_id": 1, "a": 1}, {"_id": 2, "a": "x", "b": True})
    first, second = read(store, name, batch_rows=1)
    assert first.to_pylist() == [{"_id": 1, "a": 1}]
    assert second.to_pylist() == [{"_id": 2, "a": "x", "b": True}]


def test_written_types_survive(store: Store, name: str) -> None:
    schema = pa.schema(
        [
            pa.field("_id", pa.string(), metadata={"store_type": "objectId"}),
            pa.field("o", pa.string(), metadata={"store_type": "object"}),
            pa.field("d", pa.decimal128(10, 2)),
        ]
    )
    row = {"_id": "65a1b2c3d4e5f60718293a4b", "o": '{"at": {"$date": "2020-01-01T00:00:00Z"}}', "d": Decimal("1.50")}
    store.write((name,), [pa.RecordBatch.from_pylist([row], schema=schema)])
    pipeline = ({"$project": {"t": {"$type": "$_id"}, "at": "$o.at", "d": 1, "_id": 0}},)
    with store.read(Documents(name, pipeline)) as rows:
        (batch,) = list(rows)
    expected = {"d": Decimal("1.50"), "t": "objectId", "at": datetime(2020, 1, 1, tzinfo=UTC)}
    assert batch.to_pylist() == [expected]


def test_whole_documents_can_be_written(store: Store, name: str) -> None:
    schema = pa.schema([pa.field("doc", pa.string(), metadata={"store_type": "document"})])
    store.write((name,), [pa.RecordBatch.from_pylist([{"doc": '{"_id": 7, "a": {"b": [1]}}'}], schema=schema)])
    (batch,) = read(store, name)
    assert batch.to_pylist() == [{"_id": 7, "a": '{"b": [1]}'}]


def test_a_date_that_python_cannot_hold_hides_no_other_document(store: Store, name: str) -> None:
    fill(store, name, {"_id": 1, "a": 1})
    far = {"update": name, "updates": [{"q": {}, "u": [{"$set": {"at": {"$toDate": 9 * 10**15}}}]}]}
    store.execute(Command(far))
    (batch,) = read(store, name)
    assert batch.to_pylist() == [{"_id": 1, "a": 1, "at": "9000000000000000 ms"}]


def test_paths_types_and_presence(store: Store, name: str) -> None:
    rules = {
        "$jsonSchema": {
            "title": "What people did.",
            "required": ["user"],
            "properties": {
                "user": {
                    "bsonType": "object",
                    "description": "Who.",
                    "properties": {"fax": {"bsonType": "string", "description": "Nobody has one."}},
                }
            },
        }
    }
    store.execute(Command({"collMod": name, "validator": rules}))
    fill(
        store,
        name,
        {"user": {"email": "a@example.com"}, "items": [{"sku": "x"}, {"sku": 1}]},
        {"user": {"email": None}, "seen": True},
    )
    (info,) = store.introspect(namespaces=[name])
    columns = {column.name: column for column in info.columns}
    assert columns["_id"].primary_key
    assert columns["user"].comment == "Who."
    assert (columns["user.email"].type, columns["user.email"].nullable) == ("string", True)
    assert (columns["items[].sku"].type, columns["items[].sku"].presence) == ("int|string", 0.5)
    assert (columns["user.fax"].presence, columns["user.fax"].type) == (0.0, "string")
    assert info.comment == "What people did."
    assert info.sampled == 4  # two of the newest, and the same two at random
    assert info.indexes == ("_id_ (_id: 1)",)
    assert info.changed_at is not None
    assert "a@example.com" not in repr(info)


def test_each_type_of_a_path_has_its_share_and_unique_indexes_are_keys(store: Store, name: str) -> None:
    fill(store, name, *({"n": "x" if n % 4 else n, "mail": str(n), "some": n} for n in range(100)))
    indexes = [
        {"key": {"mail": 1}, "name": "mail_1", "unique": True},
        {"key": {"some": 1}, "name": "some_1", "unique": True, "sparse": True},
    ]
    store.execute(Command({"createIndexes": name, "indexes": indexes}))
    (info,) = store.introspect(namespaces=[name])
    columns = {column.name: column for column in info.columns}
    assert columns["n"].types == {"int": 0.25, "string": 0.75}
    assert columns["n"].type == "int|string"
    # A sparse one says nothing of documents without the path.
    assert info.keys == (KeyInfo("primary", ("_id",)), KeyInfo("unique", ("mail",)))
    assert "some_1 (some: 1) unique" in info.indexes
    assert (info.row_count, info.sampled) == (100, 200)


def test_a_field_that_one_document_in_a_hundred_has_is_found(store: Store, name: str) -> None:
    """None of the newest has it: the random half has to meet it. By chance this fails once in 20,000 runs."""
    documents: list[dict[str, object]] = [{"n": n, **({"rare": 1} if n % 100 == 0 else {})} for n in range(5_000)]
    fill(store, name, *documents, *({"n": n} for n in range(600)))
    (info,) = store.introspect(namespaces=[name])
    (rare,) = [column for column in info.columns if column.name == "rare"]
    assert rare.presence is not None
    assert 0 < rare.presence < 0.03
    assert info.sampled == 1_500


def test_keys_that_are_data_do_not_become_columns(store: Store, name: str) -> None:
    fill(store, name, *({"by_user": {f"person{n}@example.com": {"n": n}}, "a": 1} for n in range(400)))
    (info,) = store.introspect(namespaces=[name])
    names = {column.name for column in info.columns}
    assert {"by_user", "by_user.*", "by_user.*.n", "a"} <= names
    assert not any("@" in path for path in names)


def test_a_document_that_the_validator_refuses(store: Store, name: str) -> None:
    rules = {"$jsonSchema": {"properties": {"n": {"bsonType": "long"}}}}
    store.execute(Command({"collMod": name, "validator": rules}))
    with pytest.raises(StoreError) as refused:
        fill(store, name, {"n": "4111111111111111"})
    assert refused.value.code == "constraint"
    assert "4111" not in refused.value.public
    batch = pa.RecordBatch.from_pydict({"n": pa.array([5], pa.int64())})
    assert store.write((name,), [batch]).rows == 1
