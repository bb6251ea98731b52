"""The paths of a sample of documents, with their types and how often they occur. Keeps no value."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from portal.stores.mongo.columns import name_of
from portal.stores.types import ColumnInfo

# An object with more keys than this is a map whose keys are data (a user's id, an address): it becomes `parent.*`.
KEYS_OF_AN_OBJECT = 200
MAX_DEPTH = 12


class Sample:
    def __init__(self) -> None:
        self.documents = 0
        self._seen: Counter[str] = Counter()
        self._types: dict[str, set[str]] = defaultdict(set)
        self._children: dict[str, set[str]] = defaultdict(set)
        self._maps: set[str] = set()

    def add(self, document: Mapping[str, Any]) -> None:
        self.documents += 1
        found: dict[str, set[str]] = defaultdict(set)
        self._walk(document, "", found, 0)
        for path, types in found.items():
            self._seen[path] += 1
            self._types[path] |= types

    def columns(self, described: Mapping[str, ColumnInfo]) -> tuple[ColumnInfo, ...]:
        """With what the validator says; paths that only the validator knows come last, with presence 0."""
        names = [*self._types, *(name for name in described if name not in self._types)]
        return tuple(self._column(name, described.get(name), place) for place, name in enumerate(names, 1))

    def _column(self, name: str, described: ColumnInfo | None, place: int) -> ColumnInfo:
        types = self._types.get(name, set())
        presence = round(self._seen[name] / self.documents, 4) if self.documents else None
        always = presence == 1.0 and "null" not in types
        return ColumnInfo(
            name=name,
            type="|".join(sorted(types - {"null"})) or (described.type if described else "") or "null",
            nullable=not always and (described is None or described.nullable),
            position=place,
            comment=described.comment if described else "",
            primary_key=name == "_id",
            presence=presence,
        )

    def _walk(self, value: Any, path: str, found: dict[str, set[str]], depth: int) -> None:
        if path:
            found[path].add(name_of(value))
        if depth > MAX_DEPTH:
            return
        if isinstance(value, list):
            for item in value:
                self._walk(item, f"{path}[]", found, depth + 1)
        elif isinstance(value, Mapping):
            for key, item in value.items():
                self._walk(item, self._child(path, str(key), found), found, depth + 1)

    def _child(self, parent: str, key: str, found: dict[str, set[str]]) -> str:
        prefix = f"{parent}." if parent else ""
        if parent in self._maps:
            return f"{prefix}*"
        keys = self._children[parent]
        keys.add(key)
        if not parent or len(keys) <= KEYS_OF_AN_OBJECT:
            return prefix + key
        self._maps.add(parent)
        for paths in (self._types, self._seen, found, self._children):
            _forget(paths, prefix)
        return f"{prefix}*"


def _forget(paths: dict[str, Any], prefix: str) -> None:
    for path in [path for path in paths if path.startswith(prefix)]:
        del paths[path]


def described(validator: Mapping[str, Any]) -> dict[str, ColumnInfo]:
    """Paths that a `$jsonSchema` names."""
    return {column.name: column for column in _described(validator.get("$jsonSchema") or {}, "")}


def _described(schema: Mapping[str, Any], prefix: str) -> Iterable[ColumnInfo]:
    required = schema.get("required") or ()
    for key, child in (schema.get("properties") or {}).items():
        path = f"{prefix}{key}"
        yield _from_schema(path, child, nullable=key not in required)
        yield from _described(child, f"{path}.")
        items = child.get("items")
        if isinstance(items, Mapping):
            yield _from_schema(f"{path}[]", items, nullable=True)
            yield from _described(items, f"{path}[].")


def _from_schema(path: str, schema: Mapping[str, Any], *, nullable: bool) -> ColumnInfo:
    types = schema.get("bsonType") or schema.get("type") or ""
    names = [types] if isinstance(types, str) else list(types)
    return ColumnInfo(
        name=path,
        type="|".join(sorted(name for name in names if name != "null")),
        nullable=nullable or "null" in names,
        comment=str(schema.get("description") or ""),
    )
