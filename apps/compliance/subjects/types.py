"""What crosses the border of the subjects' engine.

Three kinds of value, kept apart: a `Plan` says what happens where and holds nothing of the person (it is hashed,
approved and shown); a `Trace` is what the person is recognised by (only ever kept sealed); the rest are counts.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from apps.compliance.subjects.rules import EMAIL
from portal.holders import Traces

Path = tuple[str, ...]
Check = Callable[[], None]  # called between batches; may raise to stop the work
Progress = Callable[[int], None]  # rows done so far in this call


class Action(StrEnum):
    ERASE = "erase"  # the rows go
    MASK = "mask"  # the rows stay because others point at them, their personal columns go
    KEEP = "keep"  # the rows stay on a ground of law, their personal columns go
    UNDECIDED = "undecided"  # nobody has said: the plan cannot be approved
    CUT = "cut"  # the person's values are cut out of longer text, the rest of the row stays as it is


class ReachedBy(StrEnum):
    KEY = "key"  # a column of the row holds a key of the person
    EMAIL = "email"  # the row names nobody but by this e-mail address
    VALUE = "value"  # the person's value stands somewhere in a row that belongs to nobody else


@dataclass(frozen=True)
class Dataset:
    """`path` as the catalog spells it, with its database."""

    source: str
    path: Path

    @property
    def title(self) -> str:
        return f"{self.source}: {'.'.join(self.path[1:])}"


@dataclass(frozen=True)
class ColumnFate:
    """What happens to one column (or document path) of a place. `replacement` is what stands there afterwards where
    the store demands a value; None is NULL, or an absent path."""

    name: str
    masked: bool
    why: str
    replacement: str | None = None


@dataclass(frozen=True)
class Owner:
    """A column by which rows of this dataset belong to somebody: it holds keys of `domain`, or an e-mail address."""

    column: str
    domain: str
    rank: int = 0  # the lowest rank that is not NULL in a row decides whose it is
    type: str = ""  # the store's own name of the column's type


@dataclass(frozen=True)
class Place:
    """One dataset with rows of the person. `hops` say in words how it was reached, the start first."""

    dataset: Dataset
    kind: str  # "table", "collection"
    reached_by: ReachedBy
    owners: tuple[Owner, ...]
    hops: tuple[str, ...]
    rows: int
    action: Action
    why: str
    columns: tuple[ColumnFate, ...]
    ground: str = ""  # why rows stay: the law, in words
    until: str = ""  # ISO date until which they stay; empty with a ground: no end is set

    @property
    def masked(self) -> tuple[ColumnFate, ...]:
        return tuple(column for column in self.columns if column.masked)


class FindingKind(StrEnum):
    NO_RULE = "no_rule"  # a dataset was reached and the governance file says nothing about it
    UNCLASSIFIED = "unclassified"  # a column of rows that stay, and nobody has said what it holds
    NO_KEY = "no_key"  # personal columns come from a reached dataset, but no column says whose a row is
    SHARED = "shared"  # a value that others have, too: it leads nowhere by itself
    PASSED_ON = "passed_on"  # it was the person's and has somebody else as its owner now: it is not followed
    OTHERS = "others"  # the person's value stands in rows that belong to somebody else: they are left alone
    CANNOT = "cannot"  # rows that this account cannot change where they are (a materialized view, ...)


@dataclass(frozen=True)
class Finding:
    """`blocking` ones must be settled (a rule, a category) before a plan may be approved."""

    kind: FindingKind
    message: str  # safe for people: names of datasets and columns, counts, never a value
    dataset: Dataset | None = None
    column: str = ""
    count: int = 0
    blocking: bool = False


@dataclass(frozen=True)
class Searched:
    """The proof that a store was looked at: datasets, text and JSON columns or document paths, rows."""

    source: str
    datasets: int
    columns: int
    rows: int


@dataclass(frozen=True)
class HeldThing:
    """What a holder answered. `silent` is why it did not; then nothing is complete."""

    holder: str
    place: str
    count: int
    what: str
    keep: str = ""
    silent: str = ""


@dataclass(frozen=True)
class Plan:
    """What will happen, frozen. Holds no value of the person; the digest is what a second officer approves."""

    places: tuple[Place, ...]
    findings: tuple[Finding, ...] = ()
    held: tuple[HeldThing, ...] = ()
    searched: tuple[Searched, ...] = ()
    views: tuple[str, ...] = ()  # reached, and followed by the tables below them

    @property
    def blocking(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.blocking)

    @property
    def sources(self) -> tuple[str, ...]:
        """Stores in which something has to be done, in the order in which to do it: sources before their copies."""
        named = dict.fromkeys(place.dataset.source for place in self.places)
        return tuple(sorted(named, key=lambda source: (source == "warehouse", source)))

    def of(self, source: str) -> tuple[Place, ...]:
        return tuple(place for place in self.places if place.dataset.source == source)

    def as_json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return found

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> "Plan":
        return cls(
            places=tuple(_place(each) for each in body["places"]),
            findings=tuple(_finding(each) for each in body["findings"]),
            held=tuple(HeldThing(**each) for each in body["held"]),
            searched=tuple(Searched(**each) for each in body["searched"]),
            views=tuple(body["views"]),
        )

    @property
    def digest(self) -> str:
        """SHA-256 over the places alone: what was searched and what holders said tells nothing of what will be done."""
        content = json.dumps(self.as_json()["places"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(content.encode()).hexdigest()


def _dataset(body: Mapping[str, Any] | None) -> Dataset | None:
    return None if body is None else Dataset(body["source"], tuple(body["path"]))


def _place(body: Mapping[str, Any]) -> Place:
    dataset = _dataset(body["dataset"])
    assert dataset is not None
    return Place(
        **{
            **body,
            "dataset": dataset,
            "reached_by": ReachedBy(body["reached_by"]),
            "owners": tuple(Owner(**each) for each in body["owners"]),
            "hops": tuple(body["hops"]),
            "action": Action(body["action"]),
            "columns": tuple(ColumnFate(**each) for each in body["columns"]),
        }
    )


def _finding(body: Mapping[str, Any]) -> Finding:
    return Finding(**{**body, "kind": FindingKind(body["kind"]), "dataset": _dataset(body["dataset"])})


@dataclass(frozen=True)
class Candidate:
    """Somebody who has the e-mail address. `shown` helps an officer to tell people apart: show it to them alone."""

    key: str
    shown: Mapping[str, str] = field(repr=False, default_factory=dict)
    found_in: tuple[str, ...] = ()  # titles of datasets


@dataclass(frozen=True)
class Identified:
    """Who has the address: none, one, or several among whom the officer must choose."""

    candidates: tuple[Candidate, ...]
    searched: tuple[str, ...]  # titles of the datasets that were asked


@dataclass(frozen=True)
class Subject:
    """One person: the address they asked with, and the keys that were chosen (none: nobody has the address)."""

    email: str = field(repr=False)
    keys: tuple[str, ...] = ()


def thing(domain: str) -> str:
    """`oltp.public.payment_methods.id` names a payment_method."""
    return domain.split(".")[-2].removesuffix("s")


@dataclass(frozen=True)
class Trace:
    """What the person is recognised by, found before anything is erased: afterwards it could not be found again.

    `keys` by domain ("oltp.public.customers.id"), `values` by kind ("email", "phone", "name"); values that others
    have are not among them but `aside`, where they reach nothing. Keep it sealed, and only as long as the request
    needs it.
    """

    keys: Mapping[str, frozenset[str]] = field(repr=False, default_factory=dict)
    values: Mapping[str, frozenset[str]] = field(repr=False, default_factory=dict)
    aside: Mapping[str, frozenset[str]] = field(repr=False, default_factory=dict)

    @property
    def texts(self) -> frozenset[str]:
        return frozenset(value for each in self.values.values() for value in each)

    def for_holders(self) -> Traces:
        """Holders know things by their plain names: "customer", "charge"."""
        keys: dict[str, frozenset[str]] = {}
        for domain, each in self.keys.items():
            if domain != EMAIL:
                keys[thing(domain)] = keys.get(thing(domain), frozenset()) | each
        return Traces(keys=keys, values=self.texts)

    def to_bytes(self) -> bytes:
        """In clear: to be sealed at once."""
        said = (self.keys, self.values, self.aside)
        parts = [{name: sorted(each) for name, each in part.items()} for part in said]
        return json.dumps(parts, ensure_ascii=False).encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> "Trace":
        """A trace that was sealed before anything was set aside has two parts."""
        parts = ({name: frozenset(each) for name, each in part.items()} for part in json.loads(content))
        return cls(*parts)


@dataclass(frozen=True)
class Discovery:
    plan: Plan
    trace: Trace = field(repr=False)


@dataclass(frozen=True)
class Done:
    """What was done in one place now; a second time there is nothing left to do and `rows` is 0."""

    dataset: Dataset
    action: Action
    rows: int


@dataclass(frozen=True)
class Residue:
    """Something of the person that is still there, or (`rows` 0) a place that could not be looked at."""

    dataset: Dataset
    column: str
    rows: int
    what: str  # "a value of the person", "a personal column that is not masked", "rows that were to go", ...


@dataclass(frozen=True)
class KeptRows:
    """Rows that stay, with nothing of the person in them but the pseudonymous key."""

    dataset: Dataset
    rows: int
    ground: str
    until: str


@dataclass(frozen=True)
class Rescan:
    residues: tuple[Residue, ...]
    searched: tuple[Searched, ...]
    kept: tuple[KeptRows, ...]
    held: tuple[HeldThing, ...]
    left_alone: int = 0  # rows of others in which the person's value stands

    @property
    def complete(self) -> bool:
        """Nothing left in any store, and every holder answered with nothing but what a ground keeps."""
        quiet = all(not each.silent and (each.count == 0 or each.keep) for each in self.held)
        return not self.residues and quiet
