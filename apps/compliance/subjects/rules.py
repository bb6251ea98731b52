"""The section `subjects` of a governance file: how a person is found, and what happens to what is found."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Protocol

from portal.stores.names import is_entry

EMAIL = "email"
KEYS = {"identities", "others", "references", "grounds", "rules"}
ACTIONS = {"erase", "mask", "keep"}
Path = tuple[str, ...]


@dataclass(frozen=True)
class Identity:
    """A dataset with one row per person. `shown` are columns by which an officer tells people apart."""

    source: str
    path: Path
    key: str
    email: str
    shown: tuple[str, ...] = ()


@dataclass(frozen=True)
class Other:
    """A dataset of people or firms whose rows are their own, whoever's value stands in them."""

    source: str
    path: Path
    key: str


@dataclass(frozen=True)
class Reference:
    """`column` holds what `to` holds: a column (source, path, column), or e-mail addresses (None)."""

    source: str
    path: Path
    column: str
    to: tuple[str, Path, str] | None


@dataclass(frozen=True)
class Ground:
    """Why rows stay. With `years`, until that long after the person's last row in the dataset `after`; a person who
    has none there has no ground, and rows whose time is over go."""

    id: str
    text: str
    years: int = 0
    after: tuple[str, Path, str] | None = None


@dataclass(frozen=True)
class Rule:
    source: str
    path: Path
    action: str
    ground: str = ""
    mask: tuple[str, ...] = ()  # columns to mask although their category is not personal
    keep: tuple[str, ...] = ()  # columns to keep although their category is personal
    redact: tuple[str, ...] = ()  # columns about other people, left out of an answer to the person
    owner: str = ""  # of several columns that point at people, the one whose person the row is


@dataclass(frozen=True)
class SubjectRules:
    identities: tuple[Identity, ...] = ()
    others: tuple[Other, ...] = ()
    references: tuple[Reference, ...] = ()
    grounds: tuple[Ground, ...] = ()
    rules: tuple[Rule, ...] = ()

    def __add__(self, more: "SubjectRules") -> "SubjectRules":
        return SubjectRules(
            self.identities + more.identities,
            self.others + more.others,
            self.references + more.references,
            self.grounds + more.grounds,
            self.rules + more.rules,
        )


class Reader(Protocol):
    """What of the governance file's reader is needed here: it collects everything that is wrong."""

    def wrong(self, path: str, message: str) -> None: ...
    def mapping(self, value: Any, at: str, keys: set[str] | None = None) -> Mapping[str, Any]: ...
    def list(self, value: Any, at: str) -> list[Any]: ...
    def text(self, body: Mapping[str, Any], key: str, at: str) -> str: ...
    def needed(self, body: Mapping[str, Any], key: str, at: str) -> str: ...
    def source(self, body: Mapping[str, Any], at: str) -> str: ...


def read(reader: Reader, body: Any) -> SubjectRules:
    top = reader.mapping(body, "subjects", KEYS)
    found = SubjectRules(
        identities=tuple(_identity(reader, *each) for each in _entries(reader, top, "identities")),
        others=tuple(_other(reader, *each) for each in _entries(reader, top, "others")),
        references=tuple(_reference(reader, *each) for each in _entries(reader, top, "references")),
        grounds=tuple(_ground(reader, *each) for each in _entries(reader, top, "grounds")),
        rules=tuple(rule for each in _entries(reader, top, "rules") for rule in _rules(reader, *each)),
    )
    _coherent(reader, found)
    return found


def _entries(reader: Reader, top: Mapping[str, Any], key: str) -> list[tuple[Any, str]]:
    at = f"subjects.{key}"
    return [(each, f"{at}[{number}]") for number, each in enumerate(reader.list(top.get(key, []), at))]


def _identity(reader: Reader, entry: Any, at: str) -> Identity:
    body = reader.mapping(entry, at, {"source", "dataset", "key", "email", "shown"})
    return Identity(
        reader.source(body, at),
        _path(reader.needed(body, "dataset", at)),
        reader.needed(body, "key", at),
        reader.needed(body, "email", at),
        _texts(reader, body, "shown", at),
    )


def _other(reader: Reader, entry: Any, at: str) -> Other:
    body = reader.mapping(entry, at, {"source", "dataset", "key"})
    return Other(reader.source(body, at), _path(reader.needed(body, "dataset", at)), reader.needed(body, "key", at))


def _reference(reader: Reader, entry: Any, at: str) -> Reference:
    body = reader.mapping(entry, at, {"source", "dataset", "column", "to"})
    to = reader.needed(body, "to", at)
    if is_entry(reader.text(body, "column", at)):
        reader.wrong(f"{at}.column", "the keys of a map are in no column; documents are searched for them by value")
    return Reference(
        reader.source(body, at),
        _path(reader.needed(body, "dataset", at)),
        reader.needed(body, "column", at),
        None if to == EMAIL else _column(reader, to, f"{at}.to"),
    )


def _ground(reader: Reader, entry: Any, at: str) -> Ground:
    body = reader.mapping(entry, at, {"id", "text", "years", "after"})
    years, after = body.get("years", 0), reader.text(body, "after", at)
    if not isinstance(years, int) or isinstance(years, bool) or years < 0:
        reader.wrong(f"{at}.years", "must be a whole number of years")
        years = 0
    if bool(years) != bool(after):
        reader.wrong(at, "years and after belong together: how long, counted from which column")
    return Ground(
        reader.needed(body, "id", at),
        reader.needed(body, "text", at),
        years,
        _column(reader, after, f"{at}.after") if after else None,
    )


def _rules(reader: Reader, entry: Any, at: str) -> list[Rule]:
    body = reader.mapping(entry, at, {"source", "datasets", "action", "ground", "mask", "keep", "redact", "owner"})
    source, action = reader.source(body, at), reader.needed(body, "action", at)
    if action and action not in ACTIONS:
        reader.wrong(f"{at}.action", f"{action!r} is unknown; known: {', '.join(sorted(ACTIONS))}")
    ground = reader.text(body, "ground", at)
    if (action == "keep") != bool(ground):
        reader.wrong(at, "a ground is what rows are kept on: keep needs one, and nothing else has one")
    mask, keep, redact = (_texts(reader, body, key, at) for key in ("mask", "keep", "redact"))
    owner = reader.text(body, "owner", at)
    return [
        Rule(source, _path(name), action, ground, mask, keep, redact, owner)
        for name in _texts(reader, body, "datasets", at)
    ]


def _coherent(reader: Reader, found: SubjectRules) -> None:
    grounds: AbstractSet[str] = {ground.id for ground in found.grounds}
    for rule in found.rules:
        if rule.ground and rule.ground not in grounds:
            reader.wrong("subjects.rules", f"{'.'.join(rule.path)} names the ground {rule.ground!r}, which is not here")
    named = [(rule.source, rule.path) for rule in found.rules]
    for source, path in sorted({each for each in named if named.count(each) > 1}):
        reader.wrong("subjects.rules", f"{source}: {'.'.join(path)} has two rules")
    if found.rules and not found.identities:
        reader.wrong("subjects.identities", "is missing: without one nobody is found")


def _texts(reader: Reader, body: Mapping[str, Any], key: str, at: str) -> tuple[str, ...]:
    return tuple(str(each) for each in reader.list(body.get(key), f"{at}.{key}"))


def _column(reader: Reader, text: str, at: str) -> tuple[str, Path, str] | None:
    parts = text.split("/")
    if len(parts) != 3:
        reader.wrong(at, f"{text!r} is not of the form source/dataset/column")
        return None
    return parts[0], _path(parts[1]), parts[2]


def _path(name: str) -> Path:
    return tuple(name.split("."))
