"""The connector's results as Arrow batches of one schema, decided by the description and the first batch."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from snowflake.connector import errors
from snowflake.connector.constants import FIELD_ID_TO_NAME
from snowflake.connector.cursor import ResultMetadata, SnowflakeCursor

from portal.stores.snowflake.errors import from_snowflake
from portal.stores.types import StoreError

STORE_TYPE = b"store_type"
TYPES: dict[str, pa.DataType] = {
    "REAL": pa.float64(),
    "DATE": pa.date32(),
    "TIMESTAMP": pa.timestamp("us"),
    "TIMESTAMP_NTZ": pa.timestamp("us"),
    "TIMESTAMP_LTZ": pa.timestamp("us", "UTC"),
    "TIMESTAMP_TZ": pa.timestamp("us", "UTC"),
    "BINARY": pa.binary(),
    "TIME": pa.time64("us"),
    "BOOLEAN": pa.bool_(),
}


class SnowflakeRows:
    """`done` is called once, with whether the session is still good."""

    schema: pa.Schema

    def __init__(self, store: str, cursor: SnowflakeCursor, *, batch_rows: int, done: Callable[[], None]) -> None:
        self._store = store
        self._cursor = cursor
        self._batch_rows = batch_rows
        self._done = done
        self._open = True
        self._tables = self._read()
        try:
            self._first = next(self._tables, None)
            self.schema = schema_of(cursor.description or [], self._first)
        except errors.Error as error:
            self.close()
            raise from_snowflake(store, error) from error
        except BaseException:
            self.close()
            raise

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        try:
            table, self._first = self._first, None
            while table is not None:
                yield from convert(table, self.schema).to_batches(max_chunksize=self._batch_rows)
                table = next(self._tables, None)
        except errors.Error as error:
            raise from_snowflake(self._store, error) from error
        except pa.ArrowInvalid as error:
            raise self._misfit(error) from error
        finally:
            self.close()

    def __enter__(self) -> "SnowflakeRows":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        if self._open:
            self._open = False
            self._cursor.close()
            self._done()

    def _read(self) -> Iterator[pa.Table]:
        try:
            yield from self._cursor.fetch_arrow_batches(force_microsecond_precision=True)
        except errors.NotSupportedError:  # SHOW and DESCRIBE answer in JSON
            while rows := self._cursor.fetchmany(self._batch_rows):
                yield _table(self._cursor.description or [], rows)

    def _misfit(self, error: Exception) -> StoreError:
        return StoreError(
            str(error),
            store=self._store,
            public="A number is larger than those before it in its column; cast the column to text.",
            retryable=False,
            code="invalid_value",
        )


def schema_of(description: list[ResultMetadata], first: pa.Table | None) -> pa.Schema:
    fields = []
    for place, column in enumerate(description):
        name = FIELD_ID_TO_NAME[column.type_code]
        found = first.column(place) if first is not None else None
        store_type = f"NUMBER({column.precision},{column.scale})" if name == "FIXED" else name
        kind = _number(column, found) if name == "FIXED" else TYPES.get(name, pa.string())
        fields.append(pa.field(column.name, kind, metadata={STORE_TYPE: store_type.encode()}))
    return pa.schema(fields)


def _number(column: ResultMetadata, found: pa.ChunkedArray | None) -> pa.DataType:
    """Whole numbers are int64 where they fit: a Snowflake integer is declared NUMBER(38,0) whatever it holds."""
    exact = pa.decimal128(column.precision or 38, column.scale or 0)
    if column.scale:
        return exact
    try:
        if found is not None:
            found.cast(pa.int64())
    except pa.ArrowInvalid:
        return pa.decimal128(38, 0)
    return pa.int64()


def convert(table: pa.Table, schema: pa.Schema) -> pa.Table:
    columns = [
        array if array.type == field.type else pc.cast(array, field.type)
        for array, field in zip(table.columns, schema, strict=True)
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def _table(description: list[ResultMetadata], rows: list[tuple[Any, ...]]) -> pa.Table:
    columns = []
    for place, column in enumerate(description):
        values = [row[place] for row in rows]
        kind = TYPES.get(FIELD_ID_TO_NAME[column.type_code])
        columns.append(pa.array(values, kind) if kind else pa.array(map(_plain, values)))
    return pa.Table.from_arrays(columns, names=[column.name for column in description])


def _plain(value: Any) -> Any:
    return json.dumps(value, default=str) if isinstance(value, dict | list) else value
