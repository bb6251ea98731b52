"""Arrow batches into a table by COPY in CSV: formatted in C, and read by the server's own input functions, so that
text reaches json, uuid, enum and numeric columns without a type map of ours."""

import io
import json
from collections.abc import Iterable
from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.compute as pc
from psycopg import sql
from pyarrow import csv

from portal.stores.types import LoadResult

# Every value quoted and NULL not: that is how COPY tells an empty text from NULL.
OPTIONS = csv.WriteOptions(include_header=False, quoting_style="all_valid")


def copy_in(connection: psycopg.Connection, target: tuple[str, ...], batches: Iterable[pa.RecordBatch]) -> LoadResult:
    """`target` is (schema, table), or (database, schema, table); columns are matched by name."""
    rows = 0
    with connection.cursor() as cursor:
        for names, group in _by_columns(batches):
            with cursor.copy(_copy(target, names)) as copy:
                for batch in group:
                    copy.write(_csv(batch))
                    rows += batch.num_rows
    return LoadResult(rows=rows)


def _by_columns(batches: Iterable[pa.RecordBatch]) -> Iterable[tuple[tuple[str, ...], Iterable[pa.RecordBatch]]]:
    iterator = iter(batches)
    first = next(iterator, None)
    if first is None:
        return
    yield tuple(first.schema.names), _chain(first, iterator)


def _chain(first: pa.RecordBatch, rest: Iterable[pa.RecordBatch]) -> Iterable[pa.RecordBatch]:
    yield first
    for batch in rest:
        yield batch.select(first.schema.names)


def _copy(target: tuple[str, ...], names: tuple[str, ...]) -> sql.Composed:
    return sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv)").format(
        sql.Identifier(*target[-2:]), sql.SQL(", ").join(map(sql.Identifier, names))
    )


def _csv(batch: pa.RecordBatch) -> bytes:
    ready = pa.RecordBatch.from_arrays([_writable(array) for array in batch.columns], names=batch.schema.names)
    out = io.BytesIO()
    csv.write_csv(ready, out, OPTIONS)
    return out.getvalue()


def _writable(array: pa.Array) -> pa.Array:
    """What CSV cannot carry becomes the text that PostgreSQL reads."""
    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    kind = array.type
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return _texts(array, lambda value: "\\x" + value.hex())
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return _texts(array, _array_text)
    if pa.types.is_struct(kind) or pa.types.is_map(kind):
        return _texts(array, lambda value: json.dumps(value, default=str))
    if pa.types.is_dictionary(kind):
        return array.dictionary_decode()
    return pc.cast(array, pa.string()) if pa.types.is_decimal(kind) else array


def _texts(array: pa.Array, write: Any) -> pa.Array:
    return pa.array([None if value is None else write(value) for value in array.to_pylist()], pa.string())


def _array_text(values: list[Any]) -> str:
    return "{" + ",".join(_element(value) for value in values) + "}"


def _element(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, list):
        return _array_text(value)
    escaped = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
