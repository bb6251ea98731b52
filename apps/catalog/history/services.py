"""What a sync found to have changed, kept; and whom it can break, as findings."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Q

from apps.catalog.findings.services import state
from apps.catalog.findings.types import FindingKind, Found
from apps.catalog.history.models import SchemaChange
from apps.catalog.history.types import Changes, News, What, breaks
from apps.catalog.models import Dataset, LineageEdge, Source
from apps.catalog.types import EdgeKind
from portal.audit.types import Actor

BATCH = 1_000
LONGEST = timedelta(days=30)  # a finding about a change that nobody has acted on by then is history
ORIGIN = "sync"


def keep(*, actor: Actor, source: Source, changes: Changes, first: bool, at: datetime) -> None:
    """Inside the sync's transaction. Of a store's first look nothing is news, of a new dataset its columns are not."""
    news = [] if first else [each for each in changes.news if not (each.column and each.dataset in changes.created)]
    SchemaChange.objects.bulk_create([_row(each, at) for each in news], batch_size=BATCH)
    tell_broken(actor=actor, source=source, at=at)


def _row(news: News, at: datetime) -> SchemaChange:
    return SchemaChange(
        dataset_id=news.dataset,
        column=news.column[:500],
        what=news.what,
        before=news.before[:900],
        after=news.after[:900],
        breaking=breaks(news),
        at=at,
    )


def tell_broken(*, actor: Actor, source: Source, at: datetime) -> None:
    """A finding for each breaking change that something downstream was not built after; closed once it was, once
    nothing is downstream any more, once it is undone, or after `LONGEST`."""
    rows = SchemaChange.objects.filter(dataset__source=source, breaking=True, at__gt=at - LONGEST).order_by("at", "pk")
    standing = list(_standing(rows.select_related("dataset")))
    readers = downstream_of(standing)
    found = []
    for change in standing:
        late = [each for each in readers[change.pk] if each.loaded_at is None or each.loaded_at <= change.at]
        if late:
            found.append(_found(change, late))
    state(actor=actor, source=source.name, origin=ORIGIN, kind=FindingKind.BREAKING_CHANGE, found=found)


def _standing(changes: Iterable[SchemaChange]) -> Iterable[SchemaChange]:
    """The last word of each kind: what came back, or has another type by now, is broken no more by the earlier one."""
    last: dict[tuple[int, str, str], SchemaChange] = {}
    for change in changes:
        last[change.dataset_id, change.column, change.what] = change
    back = SchemaChange.objects.filter(dataset__in={key[0] for key in last}, what=What.BACK)
    returned: dict[tuple[int, str], datetime] = {}
    for dataset, column, at in back.order_by("at").values_list("dataset_id", "column", "at"):
        returned[dataset, column] = at
    for (dataset, column, what), change in last.items():
        since = returned.get((dataset, column))
        if what != What.RETIRED or since is None or since < change.at:
            yield change


def downstream_of(changes: Iterable[SchemaChange]) -> dict[int, list[Dataset]]:
    """Live datasets that take values from what changed, by the change's id. Two queries however many there are."""
    listed = list(changes)
    edges = LineageEdge.objects.filter(
        Q(upstream__dataset__in={change.dataset_id for change in listed}),
        kind=EdgeKind.VALUE,
        downstream__retired_at=None,
        downstream__dataset__retired_at=None,
    ).values_list("upstream__dataset_id", "upstream__name", "downstream__dataset_id")
    reached: dict[tuple[int, str], set[int]] = defaultdict(set)
    for dataset, column, to in edges.distinct():
        if to != dataset:
            reached[dataset, column].add(to)
            reached[dataset, ""].add(to)
    datasets = Dataset.objects.select_related("source").in_bulk({pk for each in reached.values() for pk in each})
    return {c.pk: [datasets[pk] for pk in sorted(reached[c.dataset_id, c.column])] for c in listed}


def _found(change: SchemaChange, readers: list[Dataset]) -> Found:
    what = f"column {change.column}" if change.column else "the dataset"
    words = f"{what} is gone" if change.what == What.RETIRED else f"{what} was {change.before} and is {change.after}"
    names = ", ".join(f"{each.title} (owner: {each.owner or 'nobody'})" for each in readers[:20])
    return Found(
        dataset=change.dataset_id,
        key=f"{change.column}:{change.what}:{change.pk}",
        summary=f"{words[:1].upper()}{words[1:]}; what is built from it was not built since"[:500],
        detail=f"Downstream: {names}",
        column=change.column,
        evidence=f"sync of {change.at:%Y-%m-%d %H:%M} UTC",
    )
