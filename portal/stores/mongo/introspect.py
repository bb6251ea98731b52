"""What a MongoDB database holds: collections, the paths of their documents, validators, indexes, sizes."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC
from typing import Any

import pymongo
import pymongo.errors
from bson.objectid import ObjectId
from pymongo.collection import Collection
from pymongo.database import Database

from portal.stores.mongo.columns import as_json
from portal.stores.mongo.pool import Document
from portal.stores.mongo.sample import Sample, described
from portal.stores.names import ENTRY, Names, below
from portal.stores.types import ColumnInfo, DatasetInfo, KeyInfo

# Some at random, some the newest: a field that appeared yesterday is rare in the first and common in the second.
# A thousand at random miss a field of one document in a hundred once in 23,000 looks; five hundred once in 150.
RANDOM, NEWEST = 1_000, 500
STEP_MS = 30_000
UNAUTHORIZED = 13
Pipeline = list[Mapping[str, Any]]


def introspect(database: Database[Document], names: Sequence[str] | None) -> Iterator[DatasetInfo]:
    chosen = {"name": {"$in": list(names)}} if names is not None else {}
    found = sorted(database.list_collections(filter=chosen), key=lambda entry: str(entry["name"]))
    for entry in found:
        if not entry["name"].startswith("system."):
            yield _dataset(database, entry)


def readable(database: Database[Document]) -> dict[tuple[str, ...], bool]:
    """By asking: an account's privileges may be spread over roles that it may not look into."""
    found = database.list_collections(filter={"type": {"$ne": "view"}})
    names = sorted(str(entry["name"]) for entry in found)
    return {(database.name, name): _may_read(database[name]) for name in names if not name.startswith("system.")}


def _may_read(collection: Collection[Document]) -> bool:
    try:
        collection.find_one({}, {"_id": 1}, max_time_ms=STEP_MS)
    except pymongo.errors.OperationFailure as error:
        if error.code != UNAUTHORIZED:
            raise
        return False
    return True


def _dataset(database: Database[Document], entry: Mapping[str, Any]) -> DatasetInfo:
    collection = database[entry["name"]]
    options = entry.get("options") or {}
    validator = options.get("validator") or {}
    schema = validator.get("$jsonSchema") or {}
    is_view = entry.get("type") == "view"
    known = described(validator)
    columns, sampled = _columns(collection, known)
    stats = {} if is_view else _stats(collection)
    indexes = [] if is_view else list(collection.list_indexes())
    names = Names(known, documents=True)
    return DatasetInfo(
        path=(database.name, entry["name"]),
        kind="view" if is_view else "collection",
        columns=columns,
        comment=str(schema.get("title") or schema.get("description") or ""),
        row_count=stats.get("count"),
        size_bytes=stats.get("size"),
        indexes=tuple(_indexes(indexes, names)),
        keys=tuple(_keys(indexes, names)),
        definition=_definition(options, validator),
        sampled=sampled,
        changed_at=None if is_view else _newest(collection),
    )


def _columns(collection: Collection[Document], known: Mapping[str, ColumnInfo]) -> tuple[tuple[ColumnInfo, ...], int]:
    sample = Sample(known)
    newest: Pipeline = [{"$sort": {"_id": -1}}, {"$limit": NEWEST}]
    for pipeline in (newest, [{"$sample": {"size": RANDOM}}]):
        with collection.aggregate(pipeline, maxTimeMS=STEP_MS, batchSize=100, allowDiskUse=True) as cursor:
            for document in cursor:
                sample.add(document)
    return sample.columns(), sample.documents


def _stats(collection: Collection[Document]) -> dict[str, int]:
    pipeline: Pipeline = [
        {"$collStats": {"storageStats": {}}},
        {"$project": {"count": "$storageStats.count", "size": "$storageStats.size"}},
    ]
    for found in collection.aggregate(pipeline, maxTimeMS=STEP_MS):
        return {name: int(found[name]) for name in ("count", "size") if found.get(name) is not None}
    return {}


def _keys(indexes: Sequence[Mapping[str, Any]], names: Names) -> Iterator[KeyInfo]:
    """A unique index that leaves out documents holds true for the others only."""
    if indexes:  # a view has none
        yield KeyInfo("primary", ("_id",))
    for index in indexes:
        if index.get("unique") and "partialFilterExpression" not in index and not index.get("sparse"):
            yield KeyInfo("unique", tuple(_indexed(path, names) for path in index["key"]))


def _indexes(indexes: Sequence[Mapping[str, Any]], names: Names) -> Iterator[str]:
    for index in indexes:
        paths = {path: _indexed(path, names) for path in index["key"]}
        keys = ", ".join(f"{paths[path]}: {order}" for path, order in index["key"].items())
        unique = " unique" if index.get("unique") else ""
        expires = f" expires after {index['expireAfterSeconds']} s" if "expireAfterSeconds" in index else ""
        # The store names an index after its paths.
        name = index["name"] if all(path == told for path, told in paths.items()) else "on a key of a map"
        yield f"{name} ({keys}){unique}{expires}"


def _indexed(path: str, names: Names) -> str:
    """An index on one key of a map: `seen.ana@x.org` is `seen.*`."""
    around = ""
    for segment in path.split("."):
        (key,) = names.of(around, [segment])
        if key.segment == ENTRY:
            return below(around, ENTRY)
        around = below(around, segment)
    return path


def _definition(options: Mapping[str, Any], validator: Mapping[str, Any]) -> str:
    if "viewOn" in options:
        return as_json({"viewOn": options["viewOn"], "pipeline": options.get("pipeline", [])})
    return as_json(validator) if validator else ""


def _newest(collection: Collection[Document]) -> Any:
    """When the newest document was made, where its `_id` tells."""
    document = collection.find_one({}, {"_id": 1}, sort=[("_id", pymongo.DESCENDING)], max_time_ms=STEP_MS)
    identity = document["_id"] if document else None
    return identity.generation_time.astimezone(UTC) if isinstance(identity, ObjectId) else None
