"""A window of a collection. Each path becomes a column; the store turns documents and arrays into JSON text."""

from typing import Any

from apps.pipelines.definitions import Extract
from apps.pipelines.extraction.conform import FIRST, LAST
from apps.pipelines.windows import Window
from portal.stores.types import Documents


def head(extract: Extract) -> Documents:
    """The newest document and the store's clock. Windows of documents are bounded by time alone: a key has no type
    that could be promised, and the overlap removes what is read twice."""
    return Documents(
        extract.path[-1],
        (
            {"$match": {extract.cursor: {"$gte": FIRST, "$lte": LAST}}},
            {"$sort": {extract.cursor: -1}},
            {"$limit": 1},
            {"$project": {"_id": 0, "at": f"${extract.cursor}", "key": {"$literal": ""}, "clock": "$$NOW"}},
        ),
    )


def _useless(extract: Extract) -> dict[str, Any]:
    """A bound of a date matches dates only, so what is no date, or missing, is named by itself."""
    at = extract.cursor
    return {"$match": {"$or": [{at: {"$not": {"$type": "date"}}}, {at: {"$lt": FIRST}}, {at: {"$gt": LAST}}]}}


def count_left_out(extract: Extract) -> Documents:
    return Documents(extract.path[-1], (_useless(extract), {"$count": "n"}))


def left_out(extract: Extract, limit: int) -> Documents:
    """Keys of documents without a usable cursor."""
    keys: dict[str, Any] = {f"k{place}": f"${key}" for place, key in enumerate(extract.keys)}
    return Documents(
        extract.path[-1],
        (_useless(extract), {"$sort": {"_id": 1}}, {"$limit": limit}, {"$project": {"_id": 0, **keys}}),
    )


def rows(extract: Extract, window: Window) -> Documents:
    between = {"$gte": window.lower.at if window.lower else FIRST, "$lte": window.upper.at}
    project: dict[str, Any] = {column.target: f"${column.source}" for column in extract.columns}
    return Documents(
        extract.path[-1],
        ({"$match": {extract.cursor: between}}, {"$project": {"_id": 0, **project}}),
    )
