"""Writes what a store was seen to hold: new and changed rows in bulk, what vanished retired, nothing twice."""

from collections.abc import Sequence
from datetime import datetime

from apps.catalog import maps
from apps.catalog.history.types import Changes, News, What
from apps.catalog.models import Column, Dataset, Source
from apps.catalog.naming import containers
from apps.catalog.sync_columns import write_columns
from apps.catalog.types import SourceKind
from portal.stores.types import DatasetInfo

BATCH = 500
FIELDS = ("kind", "comment", "definition", "indexes", "row_count", "size_bytes", "changed_at", "sampled", "retired_at")
# They move all the time and no decision rests on them.
FIGURES = frozenset({"row_count", "size_bytes", "changed_at", "sampled"})
NEWS = {"kind": What.KIND, "comment": What.COMMENT, "definition": What.DEFINITION, "indexes": What.INDEXES}


def write(source: Source, infos: Sequence[DatasetInfo], *, now: datetime) -> Changes:
    changes = Changes()
    infos = maps.remembered(source, infos)
    known = {tuple(dataset.path): dataset for dataset in Dataset.objects.filter(source=source)}
    _datasets(source, infos, known, changes, now)
    forgotten = maps.forget(source, infos)
    write_columns(source, infos, {path: dataset.pk for path, dataset in known.items()}, changes, now)
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
            created.append(_new(source, info, now))
        elif _set(held, _values(info), changes):
            updated.append(held)
    seen = {info.path for info in infos}
    gone = [dataset for path, dataset in known.items() if path not in seen and dataset.retired_at is None]
    Dataset.objects.bulk_create(created, batch_size=BATCH)
    Dataset.objects.bulk_update(updated, FIELDS, batch_size=BATCH)
    Dataset.objects.filter(pk__in=[dataset.pk for dataset in gone]).update(retired_at=now)
    Dataset.objects.filter(source=source, retired_at=None).update(synced_at=now)
    known.update({tuple(dataset.path): dataset for dataset in created})
    changes.datasets |= {dataset.pk for dataset in created + gone}
    changes.created = {dataset.pk for dataset in created}
    changes.news += [News(dataset.pk, What.ADDED) for dataset in created]
    changes.news += [News(dataset.pk, What.RETIRED) for dataset in gone]
    changes.added += len(created)
    changes.retired += len(gone)


def _new(source: Source, info: DatasetInfo, now: datetime) -> Dataset:
    return Dataset(
        source=source,
        path=list(info.path),
        name=info.path[-1],
        namespace=".".join(info.path[:-1]),
        synced_at=now,
        **_values(info),
    )


def _values(info: DatasetInfo) -> dict[str, object]:
    return {
        "kind": info.kind,
        "comment": info.comment,
        "row_count": info.row_count,
        "size_bytes": info.size_bytes,
        "changed_at": info.changed_at,
        "definition": info.definition,
        "indexes": list(info.indexes),
        "sampled": info.sampled,
        "retired_at": None,
    }


def _set(row: Dataset, values: dict[str, object], changes: Changes) -> bool:
    moved = [name for name in FIELDS if getattr(row, name) != values[name]]
    for name in moved:
        changes.news += _news(row, name, values[name])
        setattr(row, name, values[name])
    if any(name not in FIGURES for name in moved):
        changes.changed += 1
        changes.datasets.add(row.pk)
    return bool(moved)


def _news(row: Dataset, name: str, value: object) -> list[News]:
    """A view's text is not repeated: it may be long, and stands on the dataset."""
    if name == "retired_at":
        return [News(row.pk, What.BACK)]
    if name not in NEWS:
        return []
    told = name == "kind"
    return [News(row.pk, NEWS[name], "", str(getattr(row, name)) if told else "", str(value) if told else "")]


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
