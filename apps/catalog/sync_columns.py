"""The columns of a sync. A large store has hundreds of thousands of them, nearly all as they were: they are compared as
plain tuples, new ones arrive by COPY, and only what changed becomes an object."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from django.db import connection

from apps.catalog.history.types import Changes, News, What
from apps.catalog.models import Column, Source
from apps.catalog.propagation import UNKNOWN
from apps.catalog.types import Certainty, SourceKind
from portal.stores.types import ColumnInfo, DatasetInfo

BATCH = 500
FIELDS = ("position", "type", "nullable", "primary_key", "references", "comment", "presence", "retired_at")
FIGURES = frozenset({"position", "presence"})  # they move by themselves and no decision rests on them
NEWS = {
    "type": What.TYPE,
    "nullable": What.NULLABLE,
    "primary_key": What.KEY,
    "references": What.REFERENCES,
    "comment": What.COMMENT,
}
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
COPY = """COPY catalog_column (dataset_id, name, position, type, nullable, primary_key, "references", comment,
    presence, evidence, synced_at, seen_at, description, described_by, category, certainty, inferred_steps, carries,
    classified_by)
    FROM STDIN"""
REST = ("", "", "", str(Certainty.NONE), 0, "{}", "")
Values = tuple[object, ...]
Key = tuple[int, str]


def write_columns(
    source: Source, infos: Sequence[DatasetInfo], ids: Mapping[tuple[str, ...], int], changes: Changes, now: datetime
) -> None:
    held = _held(source)
    created: list[tuple[int, ColumnInfo]] = []
    updated: dict[int, Values] = {}
    retyped: list[int] = []
    seen: set[Key] = set()
    for info in infos:
        dataset = ids[info.path]
        for column in info.columns:
            key = (dataset, column.name[:500])
            seen.add(key)
            before = held.get(key)
            values = _values(column)
            if before is None:
                created.append((dataset, column))
                changes.news += [News(dataset, What.ADDED, key[1], "", str(values[1]))]
            elif before[2:] != values:
                updated[int(str(before[0]))] = values
                if _compare(dataset, key[1], before[2:], values, changes):
                    retyped.append(int(str(before[0])))
    gone = [(key, row) for key, row in held.items() if key not in seen and _vanished(source, key, row, seen)]
    _create(created, now)
    # The old name with another type is another column: nobody has looked at what it holds.
    Column.objects.filter(pk__in=retyped).update(**UNCLASSIFIED)
    _update(updated)
    Column.objects.filter(pk__in=[row[0] for _, row in gone]).update(retired_at=now)
    changes.news += [News(dataset, What.RETIRED, name, str(row[3])) for (dataset, name), row in gone]
    changes.datasets |= {dataset for dataset, _ in created} | {dataset for (dataset, _), _ in gone}
    changes.added += len(created)
    changes.retired += len(gone)
    _seen_again(source, now)


def _held(source: Source) -> dict[Key, Values]:
    """(id, within, *FIELDS) by dataset and name."""
    rows = Column.objects.filter(dataset__source=source, dataset__retired_at=None)
    listed = rows.values_list("dataset_id", "name", "pk", "within_id", *FIELDS)
    return {(row[0], row[1]): row[2:] for row in listed.iterator(chunk_size=20_000)}


def _values(info: ColumnInfo) -> Values:
    """In the order of FIELDS."""
    return (
        info.position,
        info.type[:200],
        info.nullable,
        info.primary_key,
        info.references,
        info.comment,
        info.presence,
        None,
    )


def _compare(dataset: int, name: str, before: Values, after: Values, changes: Changes) -> bool:
    """Notes what moved; true where a column that was gone is back with another type."""
    moved = [field for field, old, new in zip(FIELDS, before, after, strict=True) if old != new]
    if any(field not in FIGURES for field in moved):
        changes.changed += 1
        changes.datasets.add(dataset)
    at = {field: place for place, field in enumerate(FIELDS)}
    back = "retired_at" in moved
    if back:
        changes.news += [News(dataset, What.BACK, name, str(before[at["type"]]), str(after[at["type"]]))]
        return "type" in moved
    changes.news += [
        News(dataset, NEWS[field], name, _word(before[at[field]]), _word(after[at[field]]))
        for field in moved
        if field in NEWS
    ]
    return False


def _word(value: object) -> str:
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def _vanished(source: Source, key: Key, row: Values, seen: set[Key]) -> bool:
    """Paths inside a VARIANT column are the loads' to declare: introspection sees only the column around them."""
    if row[-1] is not None:
        return False
    if source.kind == SourceKind.MONGO or row[1] is None:
        return True
    return (key[0], key[1].partition(":")[0]) not in seen


def _create(columns: Sequence[tuple[int, ColumnInfo]], now: datetime) -> None:
    if not columns:
        return
    with connection.cursor() as cursor, cursor.copy(COPY) as copy:
        for row in _rows(columns, now):
            copy.write_row(row)


def _rows(columns: Sequence[tuple[int, ColumnInfo]], now: datetime) -> Iterator[Values]:
    for dataset, info in columns:
        yield (dataset, info.name[:500], *_values(info)[:-1], UNKNOWN, now, now, *REST)


def _update(rows: Mapping[int, Values]) -> None:
    changed = [Column(pk=pk, **dict(zip(FIELDS, values, strict=True))) for pk, values in rows.items()]
    Column.objects.bulk_update(changed, FIELDS, batch_size=BATCH)


def _seen_again(source: Source, now: datetime) -> None:
    """Documents are sampled, so that each path has its own last time; a table's columns are seen with the table."""
    if source.kind == SourceKind.MONGO:
        rows = Column.objects.filter(dataset__source=source, dataset__retired_at=None, retired_at=None)
        rows.filter(presence__gt=0).update(seen_at=now)
