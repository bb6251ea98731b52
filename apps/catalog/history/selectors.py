"""The schema between any two days, of what the person may know of."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from apps.catalog.history.models import SchemaChange
from apps.catalog.history.services import downstream_of
from apps.catalog.history.types import News, What, breaks
from apps.catalog.models import Dataset
from apps.catalog.selectors import visible_ids
from portal.accounts.access import visible
from portal.accounts.selectors import Someone

MOST = 20_000  # single changes of one diff
WITHOUT_VALUES = (What.DEFINITION, What.INDEXES, What.COMMENT)


@dataclass(frozen=True)
class Difference:
    """What a dataset or one of its columns is at the end that it was not at the beginning. `downstream` are those
    that take values from it and that the reader may know of; it is asked for breaking differences alone."""

    dataset: Dataset
    column: str
    what: What
    before: str
    after: str
    at: datetime  # of the last change
    breaking: bool
    downstream: tuple[Dataset, ...] = ()

    @property
    def word(self) -> str:
        return str(self.what.label)


@dataclass(frozen=True)
class Diff:
    differences: tuple[Difference, ...]
    cut: bool  # more single changes than MOST: the period has to be shorter


def changes_for(person: Someone) -> QuerySet[SchemaChange]:
    """Of datasets that the person may know of, gone ones included: that they are gone is the news."""
    known = visible(person, Dataset.objects.all()).order_by().values("pk")
    return SchemaChange.objects.filter(dataset__in=known).select_related("dataset__source")


def diff(person: Someone, *, start: datetime, end: datetime, source: str = "") -> Diff:
    """Newest first. What came and went within the period is no difference."""
    rows = changes_for(person).filter(at__gt=start, at__lte=end).order_by("at", "pk")
    if source:
        rows = rows.filter(dataset__source__name=source)
    listed = list(rows[: MOST + 1])
    cut = len(listed) > MOST
    whole: dict[tuple[int, str], list[SchemaChange]] = defaultdict(list)
    for change in listed[:MOST]:
        whole[change.dataset_id, change.column].append(change)
    found = [each for changes in whole.values() for each in _net(changes)]
    found.sort(key=lambda pair: (pair[0].at, pair[1].pk), reverse=True)
    return Diff(_with_downstream(person, found), cut)


def _net(changes: Sequence[SchemaChange]) -> Iterable[tuple[Difference, SchemaChange]]:
    moves = [change for change in changes if change.what in (What.ADDED, What.RETIRED, What.BACK)]
    was = not moves or moves[0].what == What.RETIRED
    is_there = not moves or moves[-1].what != What.RETIRED
    if was != is_there:
        yield _difference(moves[-1], What.ADDED if is_there else What.RETIRED, moves[-1].before, moves[-1].after)
    elif was and is_there:
        yield from _altered(changes)


def _altered(changes: Sequence[SchemaChange]) -> Iterable[tuple[Difference, SchemaChange]]:
    by_field: dict[What, list[SchemaChange]] = defaultdict(list)
    for change in changes:
        if change.what == What.BACK and change.before != change.after:
            by_field[What.TYPE].append(change)
        elif change.what not in (What.ADDED, What.RETIRED, What.BACK):
            by_field[What(change.what)].append(change)
    for what, each in by_field.items():
        before, after = each[0].before, each[-1].after
        if what in WITHOUT_VALUES or before != after:
            yield _difference(each[-1], what, before, after)


def _difference(change: SchemaChange, what: What, before: str, after: str) -> tuple[Difference, SchemaChange]:
    breaking = breaks(News(change.dataset_id, what, change.column, before, after))
    return Difference(change.dataset, change.column, what, before, after, change.at, breaking), change


def _with_downstream(person: Someone, found: list[tuple[Difference, SchemaChange]]) -> tuple[Difference, ...]:
    readers = downstream_of(change for difference, change in found if difference.breaking)
    seen = visible_ids(person) if readers else frozenset()
    return tuple(
        Difference(**{**vars(difference), "downstream": tuple(d for d in readers.get(change.pk, ()) if d.pk in seen)})
        for difference, change in found
    )
