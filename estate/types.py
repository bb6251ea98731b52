"""What crosses from an origin of rows (generator, files) to the loader."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import pyarrow as pa

Batches = Iterable[tuple[str, "pa.RecordBatch"]]
Progress = Callable[[str, int], None]


# (currency, payment type, charges, sum in minor units)
Totals = list[tuple[str, str, int, int]]


@dataclass(frozen=True)
class Reject:
    """A row that was not taken, or not as it stood. No value of it is kept: `digest` finds it in the file again."""

    file: str
    line: int
    reason: str
    outcome: str  # "rejected" or "mended"
    digest: str


class Origin(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def identity(self) -> str:
        """The same for the same rows."""

    def read(self) -> None:
        """What has to be read first. The two streams are then drawn from two threads."""

    def tables(self) -> Batches:
        """(table, batch), keys unique within all of it."""

    def collections(self) -> Batches: ...
    def rejects(self) -> Iterable[Reject]: ...
    def totals(self) -> Totals:
        """What the origin's own files say of its charges; empty without files. Asked after the rows were drawn."""


@dataclass(frozen=True)
class Loaded:
    counts: dict[str, int]
    rejects: int
    fresh: bool  # False: the last load of this origin was this one, and nothing was done
