"""Which rows a load takes. Plain Python: positions in, windows and the next cursor out.

A writer takes its timestamp before it commits, so a row may appear behind a cursor that has already passed it. Only
what is older than the overlap, by the source's own clock, counts as settled; everything younger is read again next
time, and the load leaves out the row versions that RAW already has.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Position:
    """A place in (cursor, key) order. Without a key it stands before all rows of that moment."""

    at: datetime
    key: str = ""


@dataclass(frozen=True)
class Head:
    """The newest row of a source, and what the source's clock said when it was looked at."""

    position: Position
    clock: datetime


@dataclass(frozen=True)
class Window:
    """Rows after `lower` (all rows when None) up to and with `upper`. Fixed once: a retry takes the same."""

    lower: Position | None
    upper: Position


def window(*, settled: Position | None, head: Head | None) -> Window | None:
    """None: nothing is newer than what is settled."""
    if head is None or head.position == settled or (settled and head.position.at < settled.at):
        return None
    return Window(settled, head.position)


def settle(*, head: Head, overlap_s: int) -> Position:
    """From where the next load reads, once everything up to `head` is loaded.

    A row stamped in the future never settles: it is read again until its time has come.
    """
    safe = head.clock - timedelta(seconds=overlap_s)
    return head.position if head.position.at <= safe else Position(safe)
