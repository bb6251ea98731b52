"""What an execution tells its owner."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class AnswerColumn:
    """`masking` is "no", "yes" or "partly"; `subject` is what to name when asking for access."""

    name: str
    type: str
    masking: str
    reason: str = ""
    rule: str = ""
    approver: str = ""
    subject: str = ""

    @property
    def masked(self) -> bool:
        return self.masking != "no"


@dataclass(frozen=True)
class Outcome:
    """What is sealed with an execution once it was decided."""

    columns: tuple[AnswerColumn, ...] = ()
    notes: tuple[str, ...] = ()
    rewritten: str = ""
    refusal: Mapping[str, Any] | None = None
    read: tuple[str, ...] = ()  # columns of the store that the answer is made of
    filtered: tuple[str, ...] = ()  # columns that were only compared
    policy_version: int = 0  # under which it ran


@dataclass(frozen=True)
class View:
    """How a result is looked at: sorted by a column (by its number), cut down by what columns must hold."""

    sort: int | None = None
    descending: bool = False
    filters: tuple[tuple[int, str], ...] = ()

    @property
    def plain(self) -> bool:
        return self.sort is None and not self.filters


PLAIN = View()


@dataclass(frozen=True)
class Page:
    rows: list[list[Any]] = field(default_factory=list)
    number: int = 1
    size: int = 1000
    total: int = 0
    closed: str = ""  # why there are no rows to see, for people

    @property
    def next(self) -> int | None:
        return self.number + 1 if self.number * self.size < self.total else None
