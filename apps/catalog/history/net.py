"""What many changes come to between two days: added and removed again is nothing. Plain Python."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from apps.catalog.history.types import Change, What

Place = tuple[int, str]


@dataclass(frozen=True)
class Kept(Change):
    """A change as it was kept. `downstream` are steps from dataset to dataset."""

    at: datetime
    downstream: tuple[tuple[int, int], ...] = ()

    @property
    def verb(self) -> str:
        if self.what in (What.DATASET, What.COLUMN):
            return "removed" if self.before else "added"
        return "changed"

    @property
    def words(self) -> str:
        """`column added`, `type changed`."""
        return f"{What(self.what).label} {self.verb}"


def net(changes: Iterable[Kept]) -> list[Kept]:
    """`changes` oldest first; the last one of a place and kind gives the moment."""
    groups: dict[tuple[int, str, What], list[Kept]] = defaultdict(list)
    for each in changes:
        groups[each.dataset, each.column, each.what].append(each)
    folded = {key: _fold(group) for key, group in groups.items()}
    # What was not there on one of the days cannot have changed in between: it was added, removed, or never seen.
    absent = {(d, c) for (d, c, what), each in folded.items() if _exists(what) and not (each.before and each.after)}
    types = {(d, c): each for (d, c, what), each in folded.items() if what == What.TYPE}
    found = []
    for (dataset, column, what), each in folded.items():
        inside = (column and (dataset, "") in absent) or (not _exists(what) and (dataset, column) in absent)
        if not inside and _differs(each):
            found.append(_with_type(each, types.get((dataset, column))))
    return sorted(found, key=lambda each: (-each.at.timestamp(), each.dataset, each.column, each.what))


def _exists(what: str) -> bool:
    return what in (What.DATASET, What.COLUMN)


def _fold(group: Sequence[Kept]) -> Kept:
    steps = tuple(dict.fromkeys(step for each in group for step in each.downstream))
    return replace(group[-1], before=group[0].before, downstream=steps)


def _differs(each: Kept) -> bool:
    if _exists(each.what):
        return bool(each.before) != bool(each.after)
    return each.before != each.after


def _with_type(each: Kept, typed: Kept | None) -> Kept:
    """A column shows the type it has on the day it is there."""
    if each.what != What.COLUMN or typed is None:
        return each
    return replace(each, after=typed.after) if each.after else replace(each, before=typed.before)
