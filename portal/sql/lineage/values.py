"""What an expression's value is made of, and how values combine."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

Path = tuple[str, ...]
Key = tuple[Path, str, str]  # table, column, path inside a semi-structured column

# From the most revealing to the least. Through several steps a value reveals as much as the least revealing of them;
# arriving by several ways, as much as the most revealing.
TRANSFORMS = ("copy", "expression", "aggregate", "hash", "keyed_hash", "count")
ORDER = {name: position for position, name in enumerate(TRANSFORMS)}


@dataclass(frozen=True)
class Rows:
    """What decides which rows there are: columns with what they do to them (filter, join, group, order, window).
    `unknown` is why there may be more of them than are known."""

    origins: frozenset[tuple[Key, str]] = frozenset()
    unknown: str = ""

    def __or__(self, other: "Rows") -> "Rows":
        if other.origins <= self.origins and (self.unknown or not other.unknown):
            return self  # most frames add nothing: a chain of CTEs hands on one set, not a copy of it
        return Rows(self.origins | other.origins, self.unknown or other.unknown)


NO_ROWS = Rows()


@dataclass(frozen=True)
class Value:
    """`origins` maps columns to transforms. `hows` says what else it is made of: constant, count, generated.
    `unknown` is why not all of its origins are known."""

    origins: Mapping[Key, str] = field(default_factory=dict)
    hows: frozenset[str] = frozenset()
    unknown: str = ""


NOTHING = Value()
CONSTANT = Value(hows=frozenset({"constant"}))
COUNT = Value(hows=frozenset({"count"}))
GENERATED = Value(hows=frozenset({"generated"}))


def deciding(value: "Value", role: str) -> Rows:
    """A value that something about rows is decided by."""
    return Rows(frozenset((key, role) for key in value.origins), value.unknown)


def unknown(reason: str) -> Value:
    return Value(unknown=reason)


def column_of(table: Path, name: str) -> Value:
    return Value({(table, name, ""): "copy"})


def union(values: Iterable[Value]) -> Value:
    origins: dict[Key, str] = {}
    hows: set[str] = set()
    reason = ""
    for value in values:
        for key, transform in value.origins.items():
            held = origins.get(key)
            if held is None or ORDER[transform] < ORDER[held]:
                origins[key] = transform
        hows |= value.hows
        reason = reason or value.unknown
    return Value(origins, frozenset(hows), reason)


def through(value: Value, transform: str) -> Value:
    """The value after one more step."""
    floor = ORDER[transform]
    origins = {key: held if ORDER[held] >= floor else transform for key, held in value.origins.items()}
    return Value(origins, value.hows, value.unknown)


def counted(value: Value) -> Value:
    """Nothing of the value is left but how many there were, not even that it is unknown."""
    return Value(through(value, "count").origins, COUNT.hows)


def inside(value: Value, step: str) -> Value:
    """A key or element (`[]`) of a document. Only a document that is still as it was stored has a path to follow."""
    origins: dict[Key, str] = {}
    for (table, column, path), transform in value.origins.items():
        deeper = extended(path, step) if transform == "copy" else path
        origins[table, column, deeper] = transform
    return Value(origins, value.hows, value.unknown)


def extended(path: str, step: str) -> str:
    return f"{path}.{step}" if path and step != "[]" else path + step
