"""Samples of columns, from the catalog's own account: values are counted and let go, here."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from apps.catalog.models import Column, Dataset
from apps.catalog.suggestions.detect import Profile, profile
from apps.catalog.types import SourceKind
from portal.stores import open_store
from portal.stores.types import Documents, Sql, Statement

ROWS, SECONDS = 500, 20.0
AT_ONCE = 60  # columns of one statement
TEXTS = ("text", "char", "string", "citext", "name", "inet")


def profiles(dataset: Dataset, columns: Iterable[Column]) -> dict[int, Profile]:
    """By column; of columns that hold no texts there is none. Raises StoreError."""
    wanted = [column for column in columns if is_text(column.type)]
    found: dict[int, Profile] = {}
    for start in range(0, len(wanted), AT_ONCE):
        part = wanted[start : start + AT_ONCE]
        values = _values(dataset, part)
        found |= {column.pk: profile(values[column.name]) for column in part}
    return found


def is_text(type_name: str) -> bool:
    return any(word in type_name.lower() for word in TEXTS)


def _values(dataset: Dataset, columns: list[Column]) -> Mapping[str, list[object]]:
    found: dict[str, list[object]] = defaultdict(list)
    names = [column.name for column in columns]
    documents = dataset.source.kind == SourceKind.MONGO
    statement = _documents(dataset) if documents else _select(dataset, names)
    with open_store(dataset.source.name, "catalog").read(statement, timeout_s=SECONDS) as rows:
        for batch in rows:
            for row in batch.to_pylist():
                if documents:
                    _take(row, names, found)
                else:
                    for name, value in zip(names, row.values(), strict=True):
                        found[name].append(value)
    return found


def _select(dataset: Dataset, names: list[str]) -> Statement:
    """Of a large table some of its blocks, so that the sample is not its oldest rows."""
    quoted = ", ".join(f"{_quoted(name)} AS c{at}" for at, name in enumerate(names))
    table = ".".join(_quoted(part) for part in dataset.path[1:] if dataset.source.kind == SourceKind.POSTGRES)
    table = table or ".".join(_quoted(part) for part in dataset.path)
    large = dataset.kind == "table" and (dataset.row_count or 0) > ROWS * 20
    share = min(100.0, max(0.01, ROWS * 500.0 / max(1, dataset.row_count or 1)))
    sample = f" TABLESAMPLE SYSTEM ({share:.4f})" if large and dataset.source.kind == SourceKind.POSTGRES else ""
    return Sql(f"SELECT {quoted} FROM {table}{sample} LIMIT {ROWS}")  # noqa: S608 - quoted names of the catalog


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _documents(dataset: Dataset) -> Statement:
    return Documents(dataset.path[-1], ({"$sample": {"size": ROWS}},))


def _take(row: Mapping[str, Any], names: list[str], found: dict[str, list[object]]) -> None:
    whole = {key: _opened(value) for key, value in row.items()}
    for name in names:
        found[name] += list(_at(whole, name.replace("[]", ".[]").split(".")))


def _opened(value: Any) -> Any:
    """Objects and arrays arrive as extended JSON."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _at(value: Any, path: list[str]) -> Iterator[object]:
    if not path:
        yield value
    elif path[0] == "[]" and isinstance(value, list):
        for item in value:
            yield from _at(item, path[1:])
    elif path[0] == "*" and isinstance(value, dict):
        for item in value.values():
            yield from _at(item, path[1:])
    elif isinstance(value, dict) and path[0] in value:
        yield from _at(value[path[0]], path[1:])
