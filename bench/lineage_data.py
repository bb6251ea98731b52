"""The rows on which models are run: of the estate as they were loaded and built, of any other project made up."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

ROWS, MADE_UP = 400, 60
Path_ = tuple[str, ...]
LITERAL = re.compile(r"'([^'\n]{1,60})'")


def table_of(folder: Path, path: Path_, rows: pa.Table, documents: Sequence[str]) -> dict[str, Any]:
    file = folder / f"{'.'.join(path)}.parquet"
    pq.write_table(rows, file)
    return {"path": list(path), "file": str(file), "columns": rows.column_names, "documents": list(documents)}


def from_warehouse(path: Path_) -> pa.Table:
    """All rows but of what is large; whole tables, so that what belongs together stays."""
    from portal.stores import open_store
    from portal.stores.types import Sql

    name = ".".join(f'"{part}"' for part in path)
    with open_store("warehouse", "owner").read(Sql(f"select * from {name} limit {ROWS}")) as rows:
        batches = list(rows)
    rows = pa.Table.from_batches(batches)
    return with_late_versions(rows) if "_LOADED_AT" in rows.column_names else rows


def with_late_versions(rows: pa.Table) -> pa.Table:
    """Of a third of the rows a second version, as loads bring them: without any, what picks the latest one decides
    nothing. A version has its neighbour's values; every other one has the same time of change and another of
    loading, the rest the other way round, so that each of the two decides somewhere."""
    again = list(range(0, rows.num_rows, 3))
    neighbours = [(n + 1) % rows.num_rows for n in again]
    changed = [n if n % 2 else other for n, other in zip(again, neighbours, strict=True)]
    taken = {"ID": again, "_ID": again, "UPDATED_AT": changed}
    versions = {name: rows[name].take(pa.array(taken.get(name, neighbours))) for name in rows.column_names}
    both = pa.concat_tables([rows, pa.table(versions, schema=rows.schema)]) if again else rows
    place = both.schema.get_field_index("_LOADED_AT")
    kind = both.schema.field(place).type
    start = 1_767_225_600_000_000  # 2026 in microseconds
    loads = [*range(rows.num_rows), *(rows.num_rows + n if n % 2 else n for n in again)]
    times = pa.array([start + (n * 7_919 % 9_973) * 1_000_000 for n in loads], pa.int64())
    return both.set_column(place, "_LOADED_AT", times.cast(pa.timestamp("us")).cast(kind))


def made_up(columns: Mapping[str, str], texts: Sequence[str]) -> pa.Table:
    """By type; texts are those that the models compare with, so that filters let some rows through. Keys repeat, so
    that joins find something."""
    found = {
        name: [value(kind.upper(), row, n, texts) for row in range(MADE_UP)]
        for n, (name, kind) in enumerate(columns.items())
    }
    return pa.table(found)


def value(kind: str, row: int, column: int, texts: Sequence[str]) -> Any:
    import datetime

    if (row + column) % 11 == 10:
        return None
    if kind.startswith(("NUMBER", "INT", "DECIMAL", "BIGINT", "FLOAT", "DOUBLE", "REAL", "NUMERIC")):
        return (row * 7 + column) % 20
    if kind.startswith(("TIMESTAMP", "DATETIME")):
        return datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC) + datetime.timedelta(days=row % 30, hours=row % 24)
    if kind.startswith("DATE"):
        return datetime.date(2026, 1, 1) + datetime.timedelta(days=row % 30)
    if kind.startswith("BOOL"):
        return row % 3 == 0
    if kind.startswith(("VARIANT", "OBJECT", "JSON")):
        return f'{{"id": "{row % 20}", "value": {row}}}'
    return texts[(row + column) % len(texts)] if texts and row % 2 else str(row % 20)


def texts_in(statements: Sequence[str]) -> list[str]:
    return sorted({text for statement in statements for text in LITERAL.findall(statement)})[:50]
