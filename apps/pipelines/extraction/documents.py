"""A window of a collection. Each path becomes a column; the store turns documents and arrays into JSON text."""

from typing import Any

from apps.pipelines.definitions import Extract
from apps.pipelines.windows import Window
from portal.stores.types import Documents


def head(extract: Extract) -> Documents:
    """The newest document and the store's clock. Windows of documents are bounded by time alone: a key has no type
    that could be promised, and the overlap removes what is read twice."""
    return Documents(
        extract.path[-1],
        (
            {"$match": {extract.cursor: {"$type": "date"}}},
            {"$sort": {extract.cursor: -1}},
            {"$limit": 1},
            {"$project": {"_id": 0, "at": f"${extract.cursor}", "key": {"$literal": ""}, "clock": "$$NOW"}},
        ),
    )


def rows(extract: Extract, window: Window) -> Documents:
    between: dict[str, Any] = {"$lte": window.upper.at}
    if window.lower:
        between["$gte"] = window.lower.at
    project: dict[str, Any] = {column.target: f"${column.source}" for column in extract.columns}
    return Documents(
        extract.path[-1],
        ({"$match": {extract.cursor: between}}, {"$project": {"_id": 0, **project}}),
    )
