"""The columns of the datasets that a look found changed."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from apps.catalog import bulk
from apps.catalog.history.types import What
from apps.catalog.models import Column, Dataset, Source
from apps.catalog.naming import containers
from apps.catalog.propagation import UNKNOWN
from apps.catalog.sync_changes import Changes, moved, told
from apps.catalog.types import Certainty, SourceKind
from portal.stores.types import ColumnInfo, DatasetInfo

COLUMN_FIELDS = (
    "position",
    "type",
    "nullable",
    "primary_key",
    "references",
    "comment",
    "presence",
    "types",
    "last_seen_at",
    "retired_at",
)
FIGURES = ("presence", "types", "last_seen_at")  # they move all the time and no decision rests on them
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
# A sample that should have met a path seven times and did not proves that it is gone: once in 1,100 it is not so.
EXPECTED = 7
# What is rarer than that is believed to be there this long after it was last met.
RARE = timedelta(days=30)


def write(
    source: Source,
    infos: Sequence[DatasetInfo],
    known: Mapping[tuple[str, ...], Dataset],
    changes: Changes,
    now: datetime,
) -> None:
    looked = {known[info.path].pk: info for info in infos}
    held = _held(source, looked, changes)
    created, updated, retyped, seen = [], [], [], set()
    for pk, info in looked.items():
        for column in info.columns:
            key = (pk, column.name[:500])
            seen.add(key)
            before = held.get(key)
            if before is None:
                created.append(_new(pk, column, now))
                changes.tell(pk, key[1], What.COLUMN, "", column.type[:200])
                continue
            told_again = _believed(before, column, info.sampled, now)
            if before.retired_at and before.type != told_again.type[:200]:
                retyped.append(before.pk)
            if _set(source, before, _values(told_again, before, now), changes):
                updated.append(before)
    gone = [c for key, c in held.items() if key not in seen and _vanished(source, c, seen, looked, now)]
    bulk.insert(created)
    # The old name with another type is another column: nobody has looked at what it holds.
    Column.objects.filter(pk__in=retyped).update(**UNCLASSIFIED)
    bulk.update(updated, COLUMN_FIELDS)
    Column.objects.filter(pk__in=[column.pk for column in gone]).update(retired_at=now)
    for vanished in gone:
        changes.tell(vanished.dataset_id, vanished.name, What.COLUMN, vanished.type, "")
    changes.datasets |= {row.dataset_id for row in created + gone}
    changes.added += len(created)
    changes.retired += len(gone)


def _held(source: Source, looked: Mapping[int, DatasetInfo], changes: Changes) -> dict[tuple[int, str], Column]:
    if set(looked) <= changes.fresh:
        return {}
    rows = Column.objects.filter(dataset__source=source, dataset__retired_at=None)
    if len(looked) < 1_000:
        rows = rows.filter(dataset__in=list(looked))
    return {(column.dataset_id, column.name): column for column in rows if column.dataset_id in looked}


def _new(dataset: int, info: ColumnInfo, now: datetime) -> Column:
    return Column(
        dataset_id=dataset,
        name=info.name[:500],
        evidence=UNKNOWN,
        first_seen_at=now,
        **_values(info, None, now),
    )


def _values(info: ColumnInfo, before: Column | None, now: datetime) -> dict[str, object]:
    met = {name: [share, now.date().isoformat()] for name, share in info.types.items()}
    old = before.types if before else {}
    kept = {name: old[name] for name in info.type.split("|") if name in old and name not in met} if met else {}
    return {
        "position": info.position,
        "type": info.type[:200],
        "nullable": info.nullable,
        "primary_key": info.primary_key,
        "references": info.references,
        "comment": info.comment,
        "presence": info.presence,
        "types": {**kept, **met},
        "last_seen_at": now if info.presence else before.last_seen_at if before else None,
        "retired_at": None,
    }


def _believed(before: Column, info: ColumnInfo, sampled: int | None, now: datetime) -> ColumnInfo:
    """A sample meets rare types by chance: one that it missed is kept until it should have been met."""
    if not info.types or before.retired_at:
        return info
    lately = (now - RARE).date().isoformat()
    missed = {
        name
        for name, (share, day) in before.types.items()
        if name not in info.types and name != "null" and share * (sampled or 0) < EXPECTED and day > lately
    }
    met = set(info.type.split("|")) - {"null"}
    return replace(info, type="|".join(sorted(met | missed))) if missed else info


def _set(source: Source, column: Column, values: dict[str, object], changes: Changes) -> bool:
    names = moved(column, values, COLUMN_FIELDS)
    if any(name not in FIGURES for name in names):
        changes.changed += 1
        changes.datasets.add(column.dataset_id)
    for name in names:
        if name == "retired_at":
            changes.tell(column.dataset_id, column.name, What.COLUMN, "", str(values["type"]))
        elif name in What and not (name == "nullable" and source.kind == SourceKind.MONGO):  # a sample promises nothing
            before, after = told(name, getattr(column, name)), told(name, values[name])
            changes.tell(column.dataset_id, column.name, What(name), before, after)
        setattr(column, name, values[name])
    return bool(names)


def _vanished(
    source: Source, column: Column, seen: set[tuple[int, str]], looked: Mapping[int, DatasetInfo], now: datetime
) -> bool:
    if column.retired_at:
        return False
    if source.kind == SourceKind.MONGO:
        return not _rare(column, looked[column.dataset_id].sampled, now)
    # Paths inside a VARIANT column are the loads' to declare: introspection sees only the column around them.
    return column.within_id is None or (column.dataset_id, column.name.partition(":")[0]) not in seen


def _rare(column: Column, sampled: int | None, now: datetime) -> bool:
    if not column.presence or sampled is None or column.last_seen_at is None:
        return False
    return column.presence * sampled < EXPECTED and now - column.last_seen_at < RARE


def contain(source: Source, changes: Changes) -> None:
    """Documents: every path knows the nearest path that contains it."""
    if source.kind != SourceKind.MONGO:
        return
    rows = list(Column.objects.filter(dataset__in=changes.datasets, retired_at=None))
    ids = {(column.dataset_id, column.name): column.pk for column in rows}
    changed = []
    for column in rows:
        around = (ids.get((column.dataset_id, path)) for path in containers(column.name))
        within = next((pk for pk in around if pk), None)
        if column.within_id != within:
            column.within_id = within
            changed.append(column)
    bulk.update(changed, ["within"])
