"""Puts documents into their collections. A chunk is one transaction; the same chunk twice gives the same documents."""

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from estate.documents.collections import COLLECTIONS, change, create, index
from estate.types import Batches, Progress
from portal.stores.types import Command, Documents, Store, StoreError

if TYPE_CHECKING:
    import pyarrow as pa

LIMIT_S = 600.0
UPDATES = 1_000
WAITS_S = (0.5, 2, 5)


def ensure_collections(store: Store) -> None:
    """Creates what is missing and brings validators up to date. Indexes come with the first load."""
    there = {info.path[-1] for info in store.introspect()}
    for collection in COLLECTIONS:
        make = change if collection.name in there else create
        store.execute(make(collection), timeout_s=LIMIT_S)


def load(store: Store, batches: Batches, *, progress: Progress) -> dict[str, int]:
    """Documents taken per collection. `updated_at` moves only where a document is new or has changed."""
    counts: dict[str, int] = {}
    empty = {collection.name for collection in COLLECTIONS if is_empty(store, collection.name)}
    for name in empty:
        store.execute(Command({"dropIndexes": name, "index": "*"}), timeout_s=LIMIT_S)
    for name, batch in batches:
        if not (name in empty and _inserted(store, name, batch)):
            _replace(store, name, batch)
        counts[name] = counts.get(name, 0) + batch.num_rows
        progress(name, counts[name])
    for collection in COLLECTIONS:
        store.execute(index(collection), timeout_s=LIMIT_S)
    return counts


def _inserted(store: Store, collection: str, batch: "pa.RecordBatch") -> bool:
    """False where the store asks to try again: nobody knows then whether the chunk is in, so it is compared."""
    try:
        store.write((collection,), [_stamped(batch)])
    except StoreError as error:
        if error.retryable:
            return False
        raise
    return True


def is_empty(store: Store, collection: str) -> bool:
    first = Documents(collection, ({"$limit": 1}, {"$project": {"_id": 1}}))
    with store.read(first) as rows:
        return not any(batch.num_rows for batch in rows)


def _stamped(batch: "pa.RecordBatch") -> "pa.RecordBatch":
    import pyarrow as pa

    now = pa.scalar(datetime.now(UTC), pa.timestamp("ms", "UTC"))
    return batch.append_column("updated_at", pa.repeat(now, batch.num_rows))


def _replace(store: Store, collection: str, batch: "pa.RecordBatch") -> None:
    documents = batch.to_pylist()
    for start in range(0, len(documents), UPDATES):
        updates = [_unless_same(document) for document in documents[start : start + UPDATES]]
        _patiently(store, Command({"update": collection, "updates": updates}))


def _patiently(store: Store, command: Command) -> None:
    for wait_s in WAITS_S:
        try:
            store.execute(command, timeout_s=LIMIT_S)
        except StoreError as error:
            if not error.retryable:
                raise
            time.sleep(wait_s)
        else:
            return
    store.execute(command, timeout_s=LIMIT_S)


def _unless_same(document: dict[str, Any]) -> dict[str, Any]:
    """Compared inside the store: a document that is as it was is not written, and nobody extracts it again."""
    held = {"$unsetField": {"field": "updated_at", "input": "$$ROOT"}}
    new = {"$mergeObjects": [{"$literal": document}, {"updated_at": "$$NOW"}]}
    keep = {"$cond": [{"$eq": [held, {"$literal": document}]}, "$$ROOT", new]}
    return {"q": {"_id": document["_id"]}, "u": [{"$replaceWith": keep}], "upsert": True}
