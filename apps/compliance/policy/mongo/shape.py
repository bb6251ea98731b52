"""What is known of the documents at a point of the pipeline: their fields, and where each comes from."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from apps.catalog.types import DatasetSchema
from apps.compliance.policy.choose import Choice
from apps.compliance.policy.mongo.document import ENTRY
from apps.compliance.policy.mongo.expressions import Paths
from apps.compliance.policy.types import Masking, OutputColumn

Origin = tuple[str, str]  # collection, path as the catalog spells it
Origins = frozenset[Origin]
NONE: Origins = frozenset()


def plain(path: str) -> str:
    return path.replace("[]", "")


@dataclass(frozen=True)
class Field:
    """`at` is the place in its collection while the field is still what was read (empty: a whole document of it);
    None once it is computed."""

    origins: Origins
    at: str | None = None

    def below(self, rest: str) -> "Field":
        if not rest or self.at is None:
            return self
        at = f"{self.at}.{rest}" if self.at else rest
        return Field(frozenset(o for o in self.origins if within(plain(o[1]), at)), at)


def within(path: str, place: str) -> bool:
    """Whether one contains the other; any key is an entry of a map."""
    pairs = zip(path.split("."), place.split("."), strict=False)
    return all(known in (typed, ENTRY) for known, typed in pairs)


@dataclass(frozen=True)
class Shape:
    fields: Mapping[str, Field] = field(default_factory=dict)

    def at(self, path: str) -> Field:
        """The field or part of a field at a path; the empty path is the whole document."""
        if not path:
            return Field(NONE.union(*(f.origins for f in self.fields.values())))
        name, _dot, rest = path.partition(".")
        found = self.fields.get(name, self.fields.get(ENTRY))
        return Field(NONE) if found is None else found.below(rest)

    def computed(self, paths: Paths) -> Field:
        return Field(NONE.union(*(self.at(path).origins for path in paths)))

    def having(self, name: str, value: Field) -> "Shape":
        return Shape({**self.fields, name: value})

    def without(self, names: Iterable[str]) -> "Shape":
        gone = set(names)
        return Shape({name: value for name, value in self.fields.items() if name not in gone})


def shape_of(dataset: DatasetSchema) -> Shape:
    collection = dataset.path[-1]
    fields: dict[str, Field] = {}
    names = [column.name for column in dataset.columns]
    for column in dataset.columns:
        if any(other.startswith((f"{column.name}.", f"{column.name}[")) for other in names):
            continue  # what holds other paths has no value of its own to tell
        name = plain(column.name).split(".")[0]
        before = fields.get(name, Field(NONE, name)).origins
        fields[name] = Field(before | {(collection, column.name)}, name)
    return Shape(fields)


def explain(shape: Shape, choices: Mapping[str, Mapping[str, Choice]]) -> tuple[OutputColumn, ...]:
    return tuple(explained(name, value.origins, choices) for name, value in shape.fields.items())


def explained(name: str, origins: Origins, choices: Mapping[str, Mapping[str, Choice]]) -> OutputColumn:
    found = {origin: choices[origin[0]][origin[1]] for origin in sorted(origins)}
    paths = tuple(f"{collection}.{path}" for collection, path in found)
    masked = [(origin, choice) for origin, choice in found.items() if choice.masked]
    if not masked:
        return OutputColumn(name, Masking.NO, origins=paths)
    (collection, path), first = masked[0]
    state = Masking.YES if len(masked) == len(found) else Masking.PARTLY
    reason = first.reason
    if len(found) > 1 or plain(path) != name:
        others = " and others" if len({choice.rule for _origin, choice in masked}) > 1 else ""
        reason = f"Holds {collection}.{path}{others}. {first.reason}"
    return OutputColumn(name, state, reason, first.rule, str(first.kind), first.approver, paths)
