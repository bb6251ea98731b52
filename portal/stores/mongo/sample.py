"""The paths of a sample of documents, with their types and how often they occur. Keeps no value, and no key that is
one: an object whose keys are data is a map, and all its keys that no validator names become `parent.*`."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from portal.stores.mongo.columns import name_of
from portal.stores.names import ENTRY, below, is_entry, is_field_name
from portal.stores.types import ColumnInfo

# An object with more keys than this is a map, however much its keys look like names.
KEYS_OF_AN_OBJECT = 200
MAX_DEPTH = 12
Paths = defaultdict[str, set[str]]


class Sample:
    """`described` is what the validator says: a key that it names keeps its name, whatever it looks like."""

    def __init__(self, described: Mapping[str, ColumnInfo]) -> None:
        self.documents = 0
        self._described = described
        self._seen: Counter[str] = Counter()
        self._types: Paths = defaultdict(set)
        self._of_type: Counter[tuple[str, str]] = Counter()
        self._children: Paths = defaultdict(set)  # keys that are not described
        self._maps: set[str] = set()

    def add(self, document: Mapping[str, Any]) -> None:
        self.documents += 1
        found: Paths = defaultdict(set)
        self._walk(document, "", found, 0)
        for path, types in found.items():
            self._seen[path] += 1
            self._types[path] |= types
            self._of_type.update((path, name) for name in types)

    def columns(self) -> tuple[ColumnInfo, ...]:
        """With what the validator says; paths that only the validator knows come last, with presence 0."""
        names = [*self._types, *(name for name in self._described if name not in self._types)]
        return tuple(self._column(name, self._described.get(name), place) for place, name in enumerate(names, 1))

    def _column(self, name: str, described: ColumnInfo | None, place: int) -> ColumnInfo:
        types = self._types.get(name, set())
        presence = round(self._seen[name] / self.documents, 4) if self.documents else None
        always = presence == 1.0 and "null" not in types and not is_entry(name)
        return ColumnInfo(
            name=name,
            type="|".join(sorted(types - {"null"})) or (described.type if described else "") or "null",
            nullable=not always and (described is None or described.nullable),
            position=place,
            comment=described.comment if described else "",
            primary_key=name == "_id",
            presence=presence,
            types={each: round(self._of_type[name, each] / self.documents, 4) for each in sorted(types)},
        )

    def _walk(self, value: Any, path: str, found: Paths, depth: int) -> None:
        if path:
            found[path].add(name_of(value))
        if depth > MAX_DEPTH:
            return
        if isinstance(value, list):
            for item in value:
                self._walk(item, f"{path}[]", found, depth + 1)
        elif isinstance(value, Mapping):
            # All keys of the object first: a map may show itself by its last key.
            for key in value:
                self._meet(path, str(key), found)
            for key, item in value.items():
                self._walk(item, self._child(path, str(key)), found, depth + 1)

    def _names(self, parent: str, key: str) -> bool:
        return below(parent, key) in self._described or (not parent and key == "_id")

    def _meet(self, parent: str, key: str, found: Paths) -> None:
        if parent in self._maps or self._names(parent, key):
            return
        keys = self._children[parent]
        if key in keys:
            return
        keys.add(key)
        if not is_field_name(key) or (parent and len(keys) > KEYS_OF_AN_OBJECT):
            self._fold(parent, found)

    def _child(self, parent: str, key: str) -> str:
        entry = parent in self._maps and not self._names(parent, key)
        return below(parent, ENTRY if entry else key)

    def _fold(self, parent: str, found: Paths) -> None:
        """What was seen under keys of the map before it was known to be one, is seen under `*`."""
        keys = self._children.pop(parent)
        self._maps.add(parent)
        for sets in (self._types, self._children, found):
            _fold_sets(sets, parent, keys)
        self._maps = {_folded(path, parent, keys) for path in self._maps}
        before, self._seen = self._seen, Counter()
        for path, count in before.items():
            name = _folded(path, parent, keys)
            # How often several keys came together is not known any more.
            self._seen[name] = min(self._seen[name] + count, self.documents)
        of_type, self._of_type = self._of_type, Counter()
        for (path, kind), count in of_type.items():
            at = (_folded(path, parent, keys), kind)
            self._of_type[at] = min(self._of_type[at] + count, self.documents)
        for path in [path for path in self._maps if path in self._children]:
            self._fold(path, found)  # one of the entries was a map, and so all of them are


def _fold_sets(sets: Paths, parent: str, keys: set[str]) -> None:
    before = dict(sets)
    sets.clear()
    for path, values in before.items():
        sets[_folded(path, parent, keys)] |= values


def _folded(path: str, parent: str, keys: set[str]) -> str:
    """Only keys that look like names have come into paths, so a key ends where the next dot or bracket is."""
    prefix = below(parent, "")
    if not path.startswith(prefix):
        return path
    rest = path[len(prefix) :]
    key = rest.partition(".")[0].partition("[")[0]
    return f"{prefix}{ENTRY}{rest[len(key) :]}" if key in keys else path


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
