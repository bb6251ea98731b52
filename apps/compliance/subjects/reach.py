"""What a store can be asked and told about one person, the same for every kind of store."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from apps.compliance.subjects.match import Matcher, at, scalar
from apps.compliance.subjects.patterns import BLANKS
from apps.compliance.subjects.rules import EMAIL
from apps.compliance.subjects.stores import subject_store
from apps.compliance.subjects.types import Check, ColumnFate, Dataset, Owner, Path, Progress
from portal.stores.names import Names
from portal.stores.types import DatasetInfo, Store

Document = Mapping[str, Any]
Keys = Mapping[str, frozenset[str]]  # by domain; addresses in lower case under `email`


@dataclass(frozen=True)
class Target:
    """A dataset, by which columns its rows belong to somebody, and the keys that are this person's. `key` is its
    single primary key, where it has one: work on it can then go in batches."""

    dataset: Dataset
    owners: tuple[Owner, ...]
    keys: Keys = field(repr=False)
    key: str = ""

    @property
    def ranks(self) -> list[tuple[Owner, ...]]:
        """Owners by rank, the one that decides first in front."""
        numbers = sorted({owner.rank for owner in self.owners})
        return [tuple(owner for owner in self.owners if owner.rank == number) for number in numbers]

    def values(self, owner: Owner) -> frozenset[str]:
        return self.keys.get(owner.domain, frozenset())

    def deciding(self, document: Document) -> list[tuple[Owner, str]]:
        """Whom the row names, at the first rank that names anybody."""
        return next(filter(None, (named(document, owners) for owners in self.ranks)), [])

    def whose(self, document: Document) -> str:
        """`mine`, `other` or `nobody`. Whether there is anybody whom an `other` names, `Standing` knows."""
        deciding = self.deciding(document)
        if not deciding:
            return "nobody"
        return "mine" if any(value in self.values(owner) for owner, value in deciding) else "other"


def named(document: Document, owners: Iterable[Owner]) -> list[tuple[Owner, str]]:
    """Whom these columns of a row name. Blanks name nobody, in every store."""
    return [(owner, value) for owner in owners for value in _texts(document, owner)]


def _texts(document: Document, owner: Owner) -> list[str]:
    found = [scalar(value) for value in at(document, owner.column) if value is not None]
    found = [value for value in found if value.strip(BLANKS)]
    return [value.strip(BLANKS).lower() for value in found] if owner.domain == EMAIL else found


class Reach(Protocol):
    """One store. Every call raises StoreError."""

    store: Store

    def live(self) -> Sequence[DatasetInfo]:
        """What the store holds now and lets this account read, views among it."""

    def count(self, target: Target) -> int: ...

    def keys(self, target: Target, column: str) -> frozenset[str]: ...

    def newest(self, target: Target, column: str) -> datetime | None: ...

    def by_email(self, path: Path, column: str, email: str) -> Iterator[Document]:
        """Rows whose address is this one, compared without case and edges."""

    def mine(self, target: Target) -> Iterator[Document]: ...

    def pointed_at(self, target: Target, pointer: Owner) -> int:
        """Rows of `target` that are somebody else's and hold one of this person's keys in the column `pointer`."""

    def of_others(self, target: Target, pointer: Owner) -> frozenset[str]:
        """Of this person's keys in the column `pointer`, those in rows of `target` that name somebody else."""

    def scan(self, path: Path, matcher: Matcher, *, check: Check) -> Iterator[Document]:
        """Rows in which one of the values may stand, whichever column it is in; the matcher has the last word."""

    def erase(self, target: Target, *, check: Check, progress: Progress) -> int: ...

    def clashing(self, path: Path, fates: Sequence[ColumnFate]) -> Sequence[str]:
        """Columns in which no two rows may say the same, and where two masked ones would."""

    def mask(self, target: Target, fates: Sequence[ColumnFate], *, check: Check, progress: Progress) -> int: ...

    def unmasked(self, target: Target, fates: Sequence[ColumnFate]) -> Mapping[str, int]:
        """Rows of the person in which a column that must be masked is not, by column."""

    def cut(self, target: Target, document: Document, matcher: Matcher, *, names: Names, spared: frozenset[str]) -> int:
        """Cuts the person's values out of the row that the document came from, at once in all columns but the spared
        ones, and out of rows that have the same texts and name the same owners. Entries of maps whose key names the
        person go, with what stands under them; `names` are the keys that are none."""


def reach(source: str) -> Reach:
    from apps.compliance.subjects.dialects import Postgres, Snowflake
    from apps.compliance.subjects.papers import Papers

    store = subject_store(source)
    if store.kind == "mongo":
        return Papers(store)
    return Postgres(store) if store.kind == "postgres" else Snowflake(store)


def shown(store: Store) -> list[DatasetInfo]:
    """What the store holds and this account may read; views, too."""
    readable = store.readable()
    if all(readable.values()):
        return list(store.introspect())
    names = {path[1] for path, may in readable.items() if may}
    return [info for info in store.introspect(namespaces=sorted(names)) if readable.get(info.path, True)]


def chunks(values: Iterable[str], size: int) -> Iterator[list[str]]:
    listed = sorted(values)
    for start in range(0, len(listed), size):
        yield listed[start : start + size]
