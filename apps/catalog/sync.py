"""Writes what a store was seen to hold: new and changed rows in bulk, what vanished retired, nothing twice."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b

from apps.catalog import bulk, maps, sync_columns
from apps.catalog.history.types import What
from apps.catalog.models import Dataset, Source
from apps.catalog.sync_changes import Changes, moved, told
from apps.catalog.types import SourceKind
from portal.stores.types import DatasetInfo, KeyInfo

BATCH = 500
DATASET_FIELDS = (
    "kind",
    "comment",
    "row_count",
    "size_bytes",
    "indexes",
    "keys",
    "sampled",
    "structure",
    "changed_at",
    "definition",
    "retired_at",
)
# Grows when more is kept of a column than before: then all are looked at again.
FORM = "1"


@dataclass
class Known:
    """The source's datasets by path, and those of which a column may have changed."""

    datasets: dict[tuple[str, ...], Dataset]
    looked: list[DatasetInfo] = field(default_factory=list)


def write(source: Source, infos: Sequence[DatasetInfo], *, now: datetime) -> Changes:
    changes = Changes(first=source.synced_at is None)
    infos = maps.remembered(source, infos)
    rows = Dataset.objects.filter(source=source).defer("words", "description")
    known = Known({tuple(dataset.path): dataset for dataset in rows})
    _datasets(source, infos, known, changes, now)
    forgotten = maps.forget(source, infos)
    sync_columns.write(source, known.looked, known.datasets, changes, now)
    changes.datasets |= forgotten
    sync_columns.contain(source, changes)
    return changes


def _datasets(source: Source, infos: Sequence[DatasetInfo], known: Known, changes: Changes, now: datetime) -> None:
    created, updated = [], []
    for info in infos:
        held = known.datasets.get(info.path)
        values = _values(source, info)
        if held is None or not values["structure"] or held.structure != values["structure"]:
            known.looked.append(info)
        if held is None:
            created.append(_new(source, info, values, now))
        elif _set(held, values, changes):
            held.synced_at = now
            updated.append(held)
    seen = {info.path for info in infos}
    gone = [each for path, each in known.datasets.items() if path not in seen and each.retired_at is None]
    Dataset.objects.bulk_create(created, batch_size=BATCH)
    # Those that stayed as they are, are not touched: the source says when it was looked at, and each row that is
    # written anew is written to the indexes of search, too.
    bulk.update(updated, [*DATASET_FIELDS, "synced_at"])
    Dataset.objects.filter(pk__in=[dataset.pk for dataset in gone]).update(retired_at=now)
    known.datasets.update({tuple(dataset.path): dataset for dataset in created})
    changes.datasets |= {dataset.pk for dataset in created + gone}
    changes.fresh |= {dataset.pk for dataset in created}
    changes.added += len(created)
    changes.retired += len(gone)
    for dataset in created:
        changes.tell(dataset.pk, "", What.DATASET, "", dataset.kind)
    for dataset in gone:
        changes.tell(dataset.pk, "", What.DATASET, dataset.kind, "")


def _new(source: Source, info: DatasetInfo, values: dict[str, object], now: datetime) -> Dataset:
    return Dataset(
        source=source,
        path=list(info.path),
        name=info.path[-1],
        namespace=".".join(info.path[:-1]),
        synced_at=now,
        **values,
    )


def _values(source: Source, info: DatasetInfo) -> dict[str, object]:
    return {
        "kind": info.kind,
        "comment": info.comment,
        "row_count": info.row_count,
        "size_bytes": info.size_bytes,
        "indexes": list(info.indexes),
        "keys": [_key(key) for key in info.keys],
        "sampled": info.sampled,
        "structure": _structure(source, info),
        "changed_at": info.changed_at,
        "definition": info.definition,
        "retired_at": None,
    }


def _key(key: KeyInfo) -> dict[str, object]:
    """As JSON gives it back, or every look would find another value."""
    return {
        "kind": key.kind,
        "columns": list(key.columns),
        "references": list(key.references),
        "to": list(key.to),
    }


def _structure(source: Source, info: DatasetInfo) -> str:
    """Equal for equal columns: then the stored ones need not be read. Of documents, when a path was last seen moves
    with every look, so that there is nothing to save."""
    if source.kind == SourceKind.MONGO:
        return ""
    columns = [(c.name, c.type, c.nullable, c.position, c.comment, c.primary_key, c.references) for c in info.columns]
    return blake2b(f"{FORM}{columns!r}".encode(), digest_size=16).hexdigest()


# They move all the time and no decision rests on them.
FIGURES = ("row_count", "size_bytes", "changed_at", "sampled", "structure")
# Kept before 0005 knew of them: the first look afterwards finds them new everywhere, and nothing changed.
DETAILS = ("indexes", "keys")


def _set(held: Dataset, values: dict[str, object], changes: Changes) -> bool:
    new_to_us = not held.structure and not held.indexes and not held.keys
    names = moved(held, values, DATASET_FIELDS)
    if any(name not in FIGURES and not (new_to_us and name in DETAILS) for name in names):
        changes.changed += 1
        changes.datasets.add(held.pk)
    for name in names:
        if name == "retired_at":
            changes.tell(held.pk, "", What.DATASET, "", str(values["kind"]))
        elif name in What and not (new_to_us and name in DETAILS):
            changes.tell(held.pk, "", What(name), told(name, getattr(held, name)), told(name, values[name]))
        setattr(held, name, values[name])
    return bool(names)
