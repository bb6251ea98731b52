"""Changes inside of one document that leave everything else in it alone, whatever its keys look like.

MongoDB's update operators name a place by a path with dots, which a key like `ana@x.org` is not. So a change is a tree
of keys, carried out by one expression over the document as it is at that moment: somebody else's entry, and a text that
has changed since it was read, stay.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from apps.compliance.subjects.match import Document, Matcher, inside
from portal.stores.names import ENTRY, Names, below

Expression = Any


@dataclass
class Change:
    """`gone` are keys that go with what stands under them; `only`, where it is given, are the keys that may stay.
    `texts` are scalars that become others."""

    fields: dict[str, "Change"] = field(default_factory=dict)
    items: "Change | None" = None
    gone: set[str] = field(default_factory=set)
    only: frozenset[str] | None = None
    texts: dict[Any, Any] = field(default_factory=dict)

    def __bool__(self) -> bool:
        inner = any(self.fields.values()) or bool(self.items)
        return inner or bool(self.gone) or bool(self.texts) or self.only is not None

    def item(self) -> "Change":
        self.items = self.items or Change()
        return self.items

    def key(self, key: str) -> "Change":
        return self.fields.setdefault(key, Change())


def entries(document: Document, names: Names, matcher: Matcher) -> Iterator[tuple[str, str, Any]]:
    """(path, key, what stands under it) of every key of a map that names the person."""
    for path, found in _objects(document, names, ""):
        for key in names.of(path, found):
            if key.data and matcher.found(key.text):
                yield below(path, ENTRY), key.text, found[key.text]


def _objects(value: Any, names: Names, path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if isinstance(value, list):
        for item in value:
            yield from _objects(item, names, f"{path}[]")
    elif isinstance(value, Mapping) and inside(value) is None:
        yield path, value
        for key in names.of(path, value):
            yield from _objects(value[key.text], names, below(path, key.segment))


def without(document: Document, names: Names, matcher: Matcher, *, spared: frozenset[str]) -> Change:
    """The document without the person's values: texts are cut, entries of maps that name them go."""
    change = Change()
    Cut(names, matcher, spared | {"_id"}).visit(change, document, "")
    return change


@dataclass(frozen=True)
class Cut:
    names: Names
    matcher: Matcher
    spared: frozenset[str]

    def visit(self, change: Change, value: Any, path: str) -> None:
        if path in self.spared:
            return
        if isinstance(value, list):
            for item in value:
                self.visit(change.item(), item, f"{path}[]")
        elif isinstance(value, Mapping):
            self.keys(change, value, path)
        elif isinstance(value, str | int | float) and not isinstance(value, bool) and self.matcher.found(str(value)):
            change.texts[value] = self.matcher.cut(value) if isinstance(value, str) else None

    def keys(self, change: Change, value: Mapping[str, Any], path: str) -> None:
        # A date is no object, and stays what it is; an object with the key `$date` is one, and is cut.
        for key in self.names.of(path, value):
            if key.data and self.matcher.found(key.text):
                change.gone.add(key.text)
            else:
                self.visit(change.key(key.text), value[key.text], below(path, key.segment))


def emptied(entry: str, only: frozenset[str]) -> Change:
    """The map of an entry (`a[].seen.*`) with the keys that its validator names, and no other."""
    change = node = Change()
    for part in entry.split(".")[:-1]:
        node = node.key(part.replace("[]", ""))
        for _ in range(part.count("[]")):
            node = node.item()
    node.only = only
    return change


def expression(change: Change, value: Expression = "$$ROOT", depth: int = 0) -> Expression:
    """What `value` becomes. A place can hold a scalar, an object and an array by turns."""
    here = f"v{depth}"
    branches = []
    if change.gone or change.only is not None or any(change.fields.values()):
        is_object = {"$eq": [{"$type": f"$${here}"}, "object"]}
        branches.append({"case": is_object, "then": _object(change, f"$${here}", depth)})
    if change.items:
        each = {"input": f"$${here}", "as": f"i{depth}", "in": expression(change.items, f"$$i{depth}", depth + 1)}
        branches.append({"case": {"$isArray": [f"$${here}"]}, "then": {"$map": each}})
    for before, after in change.texts.items():
        same = {"$eq": [f"$${here}", {"$literal": before}]}
        branches.append({"case": same, "then": {"$literal": after}})
    if not branches:
        return value
    return {"$let": {"vars": {here: value}, "in": {"$switch": {"branches": branches, "default": f"$${here}"}}}}


def _object(change: Change, value: str, depth: int) -> Expression:
    found: Expression = value
    if change.only is not None:
        stays = {"$in": ["$$this.k", {"$literal": sorted(change.only)}]}
        found = {"$arrayToObject": {"$filter": {"input": {"$objectToArray": value}, "cond": stays}}}
    for key in sorted(change.gone):
        found = {"$unsetField": {"field": {"$literal": key}, "input": found}}
    for key, inner in change.fields.items():
        if inner:
            name = {"$literal": key}
            held = {"$getField": {"field": name, "input": value}}
            found = {"$setField": {"field": name, "input": found, "value": expression(inner, held, depth + 1)}}
    return found
