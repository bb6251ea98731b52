"""Writes what a store was seen to hold: new and changed rows in bulk, what vanished retired, nothing twice."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from apps.catalog import maps
from apps.catalog.models import Column, Dataset, Source
from apps.catalog.naming import containers
from apps.catalog.propagation import UNKNOWN
from apps.catalog.types import Certainty, SourceKind
from portal.stores.types import ColumnInfo, DatasetInfo

BATCH = 500
DATASET_FIELDS = ("kind", "comment", "row_count", "size_bytes", "changed_at", "definition", "retired_at")
COLUMN_FIELDS = ("position", "type", "nullable", "primary_key", "references", "comment", "presence", "retired_at")
UNCLASSIFIED: dict[str, object] = {
    "category": "",
    "certainty": Certainty.NONE,
    "evidence": UNKNOWN,
    "inferred_from_id": None,
    "inferred_steps": 0,
    "carries": [],
    "classified_by": "",
    "classified_at": None,
}


@dataclass
class Changes:
    """Ids of datasets of which something other than their size changed, and how many rows did."""

    datasets: set[int] = field(default_factory=set)
    added: int = 0
    changed: int = 0
    retired: int = 0


def write(source: Source, infos: Sequence[DatasetInfo], *, now: datetime) -> Changes:
    changes = Changes()
    infos = maps.remembered(source, infos)
    known = {tuple(dataset.path): dataset for dataset in Dataset.objects.filter(source=source)}
    _datasets(source, infos, known, changes, now)
    forgotten = maps.forget(source, infos)
    _columns(source, infos, known, changes, now)
    changes.datasets |= forgotten
    _contain(source, changes)
    return changes


def _datasets(
    source: Source,
    infos: Sequence[DatasetInfo],
    known: dict[tuple[str, ...], Dataset],
    changes: Changes,
    now: datetime,
) -> None:
    created, updated = [], []
    for info in infos:
        held = known.get(info.path)
        if held is None:
            created.append(_new_dataset(source, info, now))
        elif _set(held, _dataset_values(info), DATASET_FIELDS, changes):
            updated.append(held)
    seen = {info.path for info in infos}
    gone = [dataset for path, dataset in known.items() if path not in seen and dataset.retired_at is None]
    Dataset.objects.bulk_create(created, batch_size=BATCH)
    Dataset.objects.bulk_update(updated, DATASET_FIELDS, batch_size=BATCH)
    Dataset.objects.filter(pk__in=[dataset.pk for dataset in gone]).update(retired_at=now)
    Dataset.objects.filter(source=source, retired_at=None).update(synced_at=now)
    known.update({tuple(dataset.path): dataset for dataset in created})
    changes.datasets |= {dataset.pk for dataset in created + gone}
    changes.added += len(created)
    changes.retired += len(gone)


def _new_dataset(source: Source, info: DatasetInfo, now: datetime) -> Dataset:
    return Dataset(
        source=source,
        path=list(info.path),
        name=info.path[-1],
        namespace=".".join(info.path[:-1]),
        synced_at=now,
        **_dataset_values(info),
    )


def _dataset_values(info: DatasetInfo) -> dict[str, object]:
    return {
        "kind": info.kind,
        "comment": info.comment,
        "row_count": info.row_count,
        "size_bytes": info.size_bytes,
        "changed_at": info.changed_at,
        "definition": info.definition,
        "retired_at": None,
    }


def _column_values(info: ColumnInfo) -> dict[str, object]:
    return {
        "position": info.position,
        "type": info.type[:200],
        "nullable": info.nullable,
        "primary_key": info.primary_key,
        "references": info.references,
        "comment": info.comment,
        "presence": info.presence,
        "retired_at": None,
    }


FIGURES = ("row_count", "size_bytes", "changed_at", "presence")  # they move all the time and no decision rests on them


def _set(row: Dataset | Column, values: dict[str, object], names: Sequence[str], changes: Changes) -> bool:
    moved = [name for name in names if getattr(row, name) != values[name]]
    for name in moved:
        setattr(row, name, values[name])
    if any(name not in FIGURES for name in moved):
        changes.changed += 1
        changes.datasets.add(row.pk if isinstance(row, Dataset) else row.dataset_id)
    return bool(moved)


def _columns(
    source: Source,
    infos: Sequence[DatasetInfo],
    known: dict[tuple[str, ...], Dataset],
    changes: Changes,
    now: datetime,
) -> None:
    held = {
        (column.dataset_id, column.name): column
        for column in Column.objects.filter(dataset__source=source, dataset__retired_at=None)
    }
    created, updated, retyped, seen = [], [], [], set()
    for info in infos:
        dataset = known[info.path]
        for column in info.columns:
            key = (dataset.pk, column.name[:500])
            seen.add(key)
            before = held.get(key)
            if before is None:
                created.append(_new_column(dataset, column, now))
                continue
            if before.retired_at and before.type != column.type[:200]:
                retyped.append(before.pk)
            if _set(before, _column_values(column), COLUMN_FIELDS, changes):
                updated.append(before)
    gone = [column for key, column in held.items() if key not in seen and _vanished(source, column, seen)]
    Column.objects.bulk_create(created, batch_size=BATCH)
    # The old name with another type is another column: nobody has looked at what it holds.
    Column.objects.filter(pk__in=retyped).update(**UNCLASSIFIED)
    Column.objects.bulk_update(updated, COLUMN_FIELDS, batch_size=BATCH)
    Column.objects.filter(pk__in=[column.pk for column in gone]).update(retired_at=now)
    changes.datasets |= {row.dataset_id for row in created + gone}
    changes.added += len(created)
    changes.retired += len(gone)


def _new_column(dataset: Dataset, info: ColumnInfo, now: datetime) -> Column:
    return Column(dataset=dataset, name=info.name[:500], evidence=UNKNOWN, synced_at=now, **_column_values(info))


def _vanished(source: Source, column: Column, seen: set[tuple[int, str]]) -> bool:
    """Paths inside a VARIANT column are the loads' to declare: introspection sees only the column around them."""
    if column.retired_at:
        return False
    if source.kind == SourceKind.MONGO or column.within_id is None:
        return True
    return (column.dataset_id, column.name.partition(":")[0]) not in seen


def _contain(source: Source, changes: Changes) -> None:
    """Documents: every path knows the nearest path that contains it."""
    if source.kind != SourceKind.MONGO:
        return
    rows = list(Column.objects.filter(dataset__in=changes.datasets, retired_at=None))
    ids = {(column.dataset_id, column.name): column.pk for column in rows}
    moved = []
    for column in rows:
        around = (ids.get((column.dataset_id, path)) for path in containers(column.name))
        within = next((pk for pk in around if pk), None)
        if column.within_id != within:
            column.within_id = within
            moved.append(column)
    Column.objects.bulk_update(moved, ["within"], batch_size=BATCH)
