"""What changed, cut down to datasets that the person may know of, also of those that are retired."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db.models import QuerySet

from apps.catalog.details import knows_all
from apps.catalog.history.breaking import breaks
from apps.catalog.history.downstream import reached
from apps.catalog.history.models import SchemaChange
from apps.catalog.history.net import Kept, net
from apps.catalog.history.types import What
from apps.catalog.models import Dataset, SyncRun
from apps.catalog.selectors import visible_ids
from apps.catalog.types import SourceKind
from portal.accounts.access import visible
from portal.accounts.selectors import Someone

MOST_CHANGES = 20_000
OF_ONE_DATASET = 200
# They name other tables, or are kept as a digest.
NAMING, DIGESTS = (What.REFERENCES, What.KEYS), (What.DEFINITION,)


class TooManyChanges(ValueError):
    """A difference cannot be told from a part of its changes."""


@dataclass(frozen=True)
class Asked:
    """From the beginning of the day `first` to the end of `last`, both UTC."""

    first: date
    last: date
    source: str = ""
    what: str = ""
    breaking: bool = False


@dataclass(frozen=True)
class Line:
    """One change as this person may see it. `below` are the datasets that rested on it, nearest first."""

    change: Kept
    dataset: Dataset
    breaking: bool
    before: str
    after: str
    below: tuple[Dataset, ...]


@dataclass(frozen=True)
class FirstLook:
    """Before it there is no history to tell: what was found then is not told one by one."""

    source: str
    at: datetime
    datasets: int


def known_datasets(person: Someone) -> QuerySet[Dataset]:
    """Live and retired ones that the person may know of."""
    return visible(person, Dataset.objects.all()).select_related("source")


def differences(person: Someone, asked: Asked) -> list[Line]:
    """What the days come to, newest first. Four queries. Raises TooManyChanges."""
    rows = SchemaChange.objects.filter(
        dataset__in=known_datasets(person).order_by().values("pk"), at__gte=_start(asked.first), at__lt=_end(asked.last)
    )
    if asked.source:
        rows = rows.filter(dataset__source__name=asked.source)
    kept = _kept(rows.order_by("at", "pk")[: MOST_CHANGES + 1])
    if len(kept) > MOST_CHANGES:
        raise TooManyChanges(f"There are more than {MOST_CHANGES:,} changes. Choose fewer days, or one source.")
    found = _lines(person, [each for each in net(kept) if asked.what in ("", each.what)])
    return [line for line in found if line.breaking or not asked.breaking]


def of_dataset(person: Someone, dataset: Dataset) -> list[Line]:
    """Every change of one dataset, newest first. Four queries."""
    rows = SchemaChange.objects.filter(dataset=dataset).order_by("-at", "-pk")
    return _lines(person, _kept(rows[:OF_ONE_DATASET]))


def first_looks(person: Someone, asked: Asked) -> list[FirstLook]:
    """Sources that were looked at for the first time within these days. One query, and one for each of them."""
    datasets = known_datasets(person).order_by()
    runs = SyncRun.objects.filter(error="", source__in=datasets.values("source"))
    if asked.source:
        runs = runs.filter(source__name=asked.source)
    firsts = runs.order_by("source__name", "started_at").distinct("source__name").select_related("source")
    return [
        FirstLook(run.source.name, run.started_at, datasets.filter(source=run.source, created_at__lte=at).count())
        for run in firsts
        if (at := run.finished_at) and _start(asked.first) <= at < _end(asked.last)
    ]


def _start(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


def _end(day: date) -> datetime:
    return _start(day) + timedelta(days=1)


def _kept(rows: Iterable[SchemaChange]) -> list[Kept]:
    return [
        Kept(
            dataset=row.dataset_id,
            column=row.column,
            what=What(row.what),
            before=row.before,
            after=row.after,
            at=row.at,
            downstream=tuple((above, under) for above, under in row.downstream),
        )
        for row in rows
    ]


def _lines(person: Someone, changes: Sequence[Kept]) -> list[Line]:
    seen, everything = visible_ids(person), knows_all(person)
    below = {id(each): reached(each.dataset, each.downstream, seen) for each in changes if each.downstream}
    wanted = {each.dataset for each in changes} | {pk for listed in below.values() for pk in listed}
    datasets = Dataset.objects.select_related("source").defer("words", "definition").in_bulk(wanted)
    return [_line(each, datasets, below.get(id(each), []), everything) for each in changes]


def _line(each: Kept, datasets: dict[int, Dataset], below: Sequence[int], everything: bool) -> Line:
    dataset = datasets[each.dataset]
    documents = dataset.source.kind == SourceKind.MONGO
    hidden = each.what in DIGESTS or (each.what in NAMING and not everything)
    return Line(
        change=each,
        dataset=dataset,
        breaking=breaks(each.what, each.before, each.after, documents=documents),
        before="" if hidden else each.before,
        after="" if hidden else each.after,
        below=tuple(datasets[pk] for pk in below),
    )


def told(line: Line) -> dict[str, Any]:
    """A line for the API and for CSV."""
    return {
        "at": line.change.at,
        "source": line.dataset.source.name,
        "dataset": line.dataset.pk,
        "path": list(line.dataset.path),
        "column": line.change.column,
        "what": line.change.what.value,
        "change": line.change.verb,
        "before": line.before,
        "after": line.after,
        "breaking": line.breaking,
        "downstream": [
            {"dataset": each.pk, "source": each.source.name, "path": list(each.path), "owner": each.owner}
            for each in line.below
        ],
    }
