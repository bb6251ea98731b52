"""Holders: parts of the portal that may keep a copy of a person's values beside the stores.

Results, exports, logs, staged files, training snapshots, inferences: each answers here for what it keeps, and is named
in `settings.HOLDERS`, so that compliance can ask all of them without knowing one.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable


class HolderSilent(Exception):
    """The holder cannot answer now. The message is safe for people; what was asked is not complete until it answers."""


class HolderBusy(HolderSilent):
    """It will answer when what is under way has ended: that is waited for, where a silence is told."""


@dataclass(frozen=True)
class Traces:
    """What a person is recognised by. Never written anywhere in clear: not to a log, a task, an error or the trail.

    `keys` are keys of their rows (`cus_...`, `ch_...`) by the category of thing they name ("customer", "charge");
    `values` are what identifies the person in text (e-mail, phone, name), as the stores spell it. A value that others
    share (a family's address, a common name) is not among them.
    """

    keys: Mapping[str, frozenset[str]]
    values: frozenset[str]


@dataclass(frozen=True)
class Held:
    """`count` things of this person in one place. `keep` says why they stay (a law, and until when); empty: erased."""

    place: str  # "results of queries", "log lines of runs"
    count: int
    what: str  # "rows", "files", "lines"
    keep: str = ""


class Holder(Protocol):
    """One part that keeps copies. Every call raises HolderSilent when it cannot look everywhere it keeps something."""

    title: str

    def find(self, traces: Traces) -> Sequence[Held]:
        """Where something of this person is, one entry per place looked at, with zero where nothing was found."""

    def collect(self, traces: Traces) -> Iterator[tuple[str, Mapping[str, object]]]:
        """(place, record) of what belongs into an answer to the person; nothing where others' data would go along."""

    def erase(self, traces: Traces, *, check: Callable[[], None]) -> Sequence[Held]:
        """Removes it, safe to call again. `check` is called between batches and may raise to stop the work."""


@runtime_checkable
class Working(Protocol):
    """A holder that brings copies in by work of its own, and can say at once whether any is under way."""

    def at_rest(self) -> None:
        """Raises HolderBusy while there is."""
