"""Results at rest: one encrypted Parquet file an execution, written as rows come and read by groups of rows."""

import os
import shutil
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from apps.compliance.gate import rows_within
from apps.queries.sealing import Broken
from apps.queries.types import PLAIN, Page, View
from apps.queries.values import told
from apps.queries.viewing import viewed

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

LARGEST_PAGE = 5_000
ROWS_A_GROUP = 5_000
HALF_IS_OLD_S = 3600
EXPORTING = "export-"  # folders in which a workbook is made
PAGE_BYTES = 8 * 1024 * 1024


def path_of(execution: uuid.UUID) -> Path:
    return Path(settings.RESULTS_DIR) / f"{execution}.sealed"


def place_of(execution: uuid.UUID) -> str:
    return f"result:{execution}"


def write(execution: uuid.UUID, batches: "Iterable[pa.RecordBatch]", names: list[str], *, by_name: bool) -> list[str]:
    """Writes the columns that the decision names, in its order, and returns their types.

    SQL answers by position (two columns may have one name), documents by name: a field that no document has is null,
    and one that the decision does not name is dropped. Rows go to disk, encrypted, as they come; documents are
    gathered first, because the type of a field is known with the last of them (`QUERY_BYTE_LIMIT` bounds them).
    Whole or not at all: a reader never meets half a file.
    """
    import pyarrow.parquet as pq

    tables = (chosen(batch, names, by_name=by_name) for batch in batches)
    groups = grouped([together(list(tables), len(names))] if by_name else tables, len(names))
    target = path_of(execution)
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = target.with_suffix(f".{os.getpid()}.part")
    try:
        first = next(groups)
        with (
            open(part, "wb", opener=private) as file,
            pq.ParquetWriter(file, first.schema, compression="zstd", encryption_properties=locked(execution)) as writer,
        ):
            for table in chain([first], groups):
                writer.write_table(table, row_group_size=ROWS_A_GROUP)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return [word_for(field.type) for field in first.schema]


def private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def grouped(tables: "Iterable[pa.Table]", columns: int) -> "Iterator[pa.Table]":
    """Tables of `ROWS_A_GROUP` rows at least, but for the last; at least one, if it is empty."""
    waiting: list[pa.Table] = []
    rows = told = 0
    for table in tables:
        waiting.append(table)
        rows += table.num_rows
        if rows >= ROWS_A_GROUP:
            yield together(waiting, columns)
            waiting, rows, told = [], 0, told + 1
    if waiting or not told:
        yield together(waiting, columns)


def together(tables: "list[pa.Table]", columns: int) -> "pa.Table":
    import pyarrow as pa

    return pa.concat_tables(tables, promote_options="permissive") if tables else empty(columns)


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


def key_of(execution: uuid.UUID) -> bytes:
    """A key for each file, so that no two are encrypted under one."""
    kdf = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=place_of(execution).encode())
    return kdf.derive(bytes.fromhex(settings.RESULTS_KEY))


def locked(execution: uuid.UUID) -> Any:
    """AES-256-GCM for every part of the file. The place is bound to each, so that a file under another id, or a part in
    another place, does not open."""
    from pyarrow.parquet.encryption import create_encryption_properties

    return create_encryption_properties(
        key_of(execution), aad_prefix=place_of(execution).encode(), store_aad_prefix=False
    )


@contextmanager
def opened(execution: uuid.UUID) -> "Iterator[pq.ParquetFile]":
    """Raises FileNotFoundError when the result is gone, Broken when it is not ours or was changed."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    from pyarrow.parquet.encryption import create_decryption_properties

    keys = create_decryption_properties(key_of(execution), aad_prefix=place_of(execution).encode())
    with path_of(execution).open("rb") as file:
        try:
            with pq.ParquetFile(file, decryption_properties=keys) as found:
                yield found
        except (OSError, pa.ArrowException):
            raise Broken(place_of(execution)) from None


def tables_of(execution: uuid.UUID) -> "Iterator[pa.Table]":
    """The rows, one group after the other. Raises as `opened`."""
    with opened(execution) as file:
        for number in range(file.num_row_groups):
            yield file.read_row_group(number)


def read_page(execution: uuid.UUID, number: int, size: int, view: View = PLAIN) -> Page:
    """A page too big in bytes comes smaller: go on with its own number and size. One row always fits.

    Only the groups of rows that the page lies in are opened; a view that sorts or filters reads them all. Raises as
    `opened`.
    """
    start = (number - 1) * size
    with opened(execution) as file:
        if view.plain:
            total = file.metadata.num_rows
            part = slice_of(file, start, size)
        else:
            whole = file.read()
    if not view.plain:
        found = viewed(whole, view)
        total, part = found.num_rows, found.slice(start, size)
    fits = rows_within(part, PAGE_BYTES)
    if fits < part.num_rows:
        # A divisor, so that the row at which the page starts is the start of a smaller one, too.
        size = next(count for count in range(max(fits, 1), 0, -1) if size % count == 0)
        number, part = start // size + 1, part.slice(0, size)
    columns = [told(column) for column in part.columns]
    rows = [list(row) for row in zip(*columns, strict=True)] if columns else []
    return Page(rows, number, size, total)


def slice_of(file: "pq.ParquetFile", start: int, size: int) -> "pa.Table":
    """`size` rows from `start` on, out of the groups that hold them."""
    wanted: list[int] = []
    before = skipped = 0
    for number in range(file.num_row_groups):
        rows = file.metadata.row_group(number).num_rows
        if before + rows > start and before < start + size:
            skipped = skipped if wanted else before
            wanted.append(number)
        before += rows
    return file.read_row_groups(wanted).slice(start - skipped, size) if wanted else file.schema_arrow.empty_table()


def remove(execution: uuid.UUID) -> None:
    path_of(execution).unlink(missing_ok=True)


def remove_halves() -> None:
    """What a process that was killed in the middle left; one that still writes is younger than any query may run."""
    before = time.time() - settings.QUERY_TIMEOUT_SECONDS - HALF_IS_OLD_S
    folder = Path(settings.RESULTS_DIR)
    for part in chain(folder.glob("*.part"), folder.glob(f"{EXPORTING}*")):
        with suppress(FileNotFoundError):
            if part.stat().st_mtime < before:
                shutil.rmtree(part) if part.is_dir() else part.unlink()


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
