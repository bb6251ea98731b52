"""Keeps what a look changed, and says what broke for as long as something rests on it."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from apps.catalog import bulk
from apps.catalog.findings.models import Finding
from apps.catalog.findings.services import state
from apps.catalog.findings.types import FindingKind, Found
from apps.catalog.history.breaking import breaks
from apps.catalog.history.downstream import Step, reached, steps_below
from apps.catalog.history.models import SchemaChange
from apps.catalog.history.types import Change, What
from apps.catalog.models import Column, Dataset, Source, SyncRun
from apps.catalog.types import SourceKind
from portal.audit.types import Actor

# What still stands but is another type was adapted to by then, or never mattered: lineage cannot tell which.
ADAPTED = timedelta(days=30)


@transaction.atomic
def keep(*, actor: Actor, sync: SyncRun, at: datetime, changes: Sequence[Change]) -> None:
    """Part of the sync's transaction, whose event tells of it."""
    documents = sync.source.kind == SourceKind.MONGO
    rows = [
        SchemaChange(
            sync=sync,
            at=at,
            dataset_id=change.dataset,
            column=change.column,
            what=change.what,
            before=change.before,
            after=change.after,
            breaking=breaks(change.what, change.before, change.after, documents=documents),
        )
        for change in changes
    ]
    below = _below([row for row in rows if row.breaking])
    for row in rows:
        row.downstream = below.get((row.dataset_id, row.column), []) if row.breaking else []
    bulk.insert(rows)
    _state_broken(actor, sync.source, at)


def _below(rows: Sequence[SchemaChange]) -> dict[tuple[int, str], list[Step]]:
    """What rests on each of these columns, or on any column of a whole dataset."""
    if not rows:
        return {}
    whole = {row.dataset_id for row in rows if not row.column}
    named = {(row.dataset_id, row.column) for row in rows}
    columns = {
        pk: (dataset, name)
        for pk, dataset, name in Column.objects.filter(dataset__in={row.dataset_id for row in rows}).values_list(
            "pk", "dataset_id", "name"
        )
        if dataset in whole or (dataset, name) in named
    }
    found: dict[tuple[int, str], set[Step]] = defaultdict(set)
    for pk, steps in steps_below(columns).items():
        dataset, name = columns[pk]
        found[dataset, name] |= set(steps)
        if dataset in whole:
            found[dataset, ""] |= set(steps)
    return {at: sorted(steps) for at, steps in found.items()}


def _state_broken(actor: Actor, source: Source, now: datetime) -> None:
    """A finding about the dataset that broke, and one about each that is built from it: whoever may see only that one
    must learn that its ground moved, and not which ground."""
    origin = f"sync:{source.name}"
    rows = SchemaChange.objects.filter(dataset__source=source, breaking=True, settled_at=None)
    waiting = list(rows.select_related("dataset__source").order_by("pk"))
    stated = Finding.objects.filter(origin=origin, kind=FindingKind.BREAKING_CHANGE, closed_at=None)
    open_in = set(stated.values_list("source__name", flat=True))
    if not waiting and not open_in:
        return
    still, settled = _sorted(waiting, now)
    SchemaChange.objects.filter(pk__in=[row.pk for row in settled]).update(settled_at=now)
    found = _found(still)
    for name in sorted(open_in | set(found)):
        state(actor=actor, source=name, origin=origin, kind=FindingKind.BREAKING_CHANGE, found=found.get(name, []))


def _sorted(
    waiting: Sequence[SchemaChange], now: datetime
) -> tuple[list[tuple[SchemaChange, list[int]]], list[SchemaChange]]:
    """Those on which something rests today, with what; and those that are settled."""
    below = _below(waiting)
    columns = {
        (column.dataset_id, column.name): column
        for column in Column.objects.filter(dataset__in={row.dataset_id for row in waiting}, retired_at=None)
    }
    still, settled = [], []
    for row in waiting:
        under = reached(row.dataset_id, below.get((row.dataset_id, row.column), []), None)
        if under and not _undone(row, columns.get((row.dataset_id, row.column))) and not _adapted(row, now):
            still.append((row, under))
        else:
            settled.append(row)
    return still, settled


def _undone(row: SchemaChange, column: Column | None) -> bool:
    """Whether what readers relied on holds true again."""
    if row.what == What.DATASET:
        return row.dataset.retired_at is None
    if column is None:
        return False
    if row.what == What.COLUMN:
        return row.dataset.retired_at is None
    if row.what == What.TYPE:
        documents = row.dataset.source.kind == SourceKind.MONGO
        return not breaks(What.TYPE, row.before, column.type, documents=documents)
    return not column.nullable


def _adapted(row: SchemaChange, now: datetime) -> bool:
    return row.what not in (What.DATASET, What.COLUMN) and now - row.at > ADAPTED


def _found(still: Sequence[tuple[SchemaChange, list[int]]]) -> dict[str, list[Found]]:
    """By source of the dataset it is about."""
    below = {pk for _, under in still for pk in under}
    datasets = Dataset.objects.select_related("source").in_bulk(below)
    found: dict[str, list[Found]] = defaultdict(list)
    for row, under in still:
        name = f"{row.dataset.source.name}: {row.dataset.title}"
        words = f"{name}{'.' if row.column else ''}{row.column}: {_words(row)}"
        key, evidence = f"change {row.pk}", f"sync {row.sync_id}"
        if row.dataset.retired_at is None:
            listed = "Built from it: " + ", ".join(f"{datasets[pk].source.name}: {datasets[pk].title}" for pk in under)
            about = Found(row.dataset_id, key, f"{_words(row)}, and something is built from it", listed, row.column)
            found[row.dataset.source.name].append(about)
        for pk in under:
            text = "something it is built from changed in a way that breaks its readers"
            found[datasets[pk].source.name].append(Found(pk, key, text, words, "", evidence))
    return found


def _words(row: SchemaChange) -> str:
    if row.what in (What.DATASET, What.COLUMN):
        return f"{row.what} is gone (was {row.before})"
    return f"{What(row.what).label}: {row.before} is now {row.after}"
