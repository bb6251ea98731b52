"""Results at rest: one sealed Parquet file an execution, read in pages."""

import contextlib
import io
import os
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

from apps.compliance.gate import rows_within
from apps.queries.sealing import open_sealed, seal
from apps.queries.types import Page
from apps.queries.values import told

if TYPE_CHECKING:
    import pyarrow as pa

LARGEST_PAGE = 5_000
PAGE_BYTES = 8 * 1024 * 1024


def path_of(execution: uuid.UUID) -> Path:
    return Path(settings.RESULTS_DIR) / f"{execution}.sealed"


def place_of(execution: uuid.UUID) -> str:
    return f"result:{execution}"


def write(execution: uuid.UUID, batches: "Iterable[pa.RecordBatch]", names: list[str], *, by_name: bool) -> list[str]:
    """Writes the columns that the decision names, in its order, and returns their types.

    SQL answers by position (two columns may have one name), documents by name: a field that no document has is null,
    and one that the decision does not name is dropped.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    tables = [chosen(batch, names, by_name=by_name) for batch in batches]
    table = pa.concat_tables(tables, promote_options="permissive") if tables else empty(len(names))
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    store(execution, buffer.getvalue())
    return [word_for(field.type) for field in table.schema]


def chosen(batch: "pa.RecordBatch", names: list[str], *, by_name: bool) -> "pa.Table":
    import pyarrow as pa

    if by_name:
        found = dict(zip(batch.schema.names, batch.columns, strict=True))
        arrays = [found.get(name, pa.nulls(batch.num_rows)) for name in names]
    elif batch.num_columns == len(names):
        arrays = list(batch.columns)
    else:
        raise ValueError(f"{batch.num_columns} columns came where {len(names)} were decided")
    return pa.Table.from_arrays(arrays, names=[f"c{number}" for number in range(len(names))])


def empty(columns: int) -> "pa.Table":
    import pyarrow as pa

    return pa.table({f"c{number}": pa.nulls(0) for number in range(columns)})


def store(execution: uuid.UUID, content: bytes) -> None:
    """Whole or not at all: a reader never meets half a file."""
    target = path_of(execution)
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = target.with_suffix(f".{os.getpid()}.part")
    part.write_bytes(seal(content, place_of(execution)))
    part.chmod(0o600)
    part.replace(target)


def read_page(execution: uuid.UUID, number: int, size: int) -> Page:
    """A page too big in bytes comes smaller: go on with its own number and size. One row always fits.

    Raises FileNotFoundError when the result is gone, Broken when it is not ours.
    """
    import pyarrow.parquet as pq

    table = pq.read_table(io.BytesIO(open_sealed(path_of(execution).read_bytes(), place_of(execution))))
    start = (number - 1) * size
    part = table.slice(start, size)
    fits = rows_within(part, PAGE_BYTES)
    if fits < part.num_rows:
        # A divisor, so that the row at which the page starts is the start of a smaller one, too.
        size = next(count for count in range(max(fits, 1), 0, -1) if size % count == 0)
        number, part = start // size + 1, part.slice(0, size)
    columns = [told(column) for column in part.columns]
    rows = [list(row) for row in zip(*columns, strict=True)] if columns else []
    return Page(rows, number, size, table.num_rows)


def remove(execution: uuid.UUID) -> None:
    with contextlib.suppress(FileNotFoundError):
        path_of(execution).unlink()


def word_for(kind: "pa.DataType") -> str:
    """The type in words of the trade."""
    name = str(kind)
    for start, word in WORDS:
        if name.startswith(start):
            return word
    return name


WORDS = (
    ("int", "integer"),
    ("uint", "integer"),
    ("decimal", "decimal"),
    ("double", "float"),
    ("float", "float"),
    ("timestamp", "timestamp"),
    ("date", "date"),
    ("time", "time"),
    ("bool", "boolean"),
    ("string", "text"),
    ("large_string", "text"),
    ("null", "unknown"),
)
