"""Rows of a statement inside a transaction, through psycopg: ADBC cannot join a transaction of another driver."""

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import uuid4

import psycopg
import pyarrow as pa
from psycopg.types.string import TextLoader

from portal.stores.postgres.columns import SIMPLE, Column, column, convert, schema_of
from portal.stores.postgres.errors import from_psycopg, no_twin
from portal.stores.postgres.query import QUERY


class CursorRows:
    schema: pa.Schema

    def __init__(
        self, store: str, connection: psycopg.Connection, text: str, params: Sequence[Any], batch_rows: int
    ) -> None:
        self._store = store
        self._batch_rows = batch_rows
        self._cursor: psycopg.RawServerCursor | psycopg.RawCursor = (
            psycopg.RawServerCursor(connection, f"portico_{uuid4().hex}")
            if QUERY.match(text)
            else psycopg.RawCursor(connection)
        )
        self._cursor.execute(text.encode(), params or None)
        columns = [_column(connection, found) for found in self._cursor.description or ()]
        self.schema = schema_of(columns)
        self._keep_text(columns)

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        try:
            while rows := self._cursor.fetchmany(self._batch_rows):
                yield self._batch(rows)
        except pa.ArrowInvalid as error:
            raise no_twin(self._store, error) from error
        except psycopg.Error as error:
            raise from_psycopg(self._store, error) from error
        finally:
            self.close()

    def __enter__(self) -> "CursorRows":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        if not self._cursor.closed and self._cursor.connection.info.transaction_status.name == "INTRANS":
            self._cursor.close()

    def _keep_text(self, columns: Sequence[Column]) -> None:
        """Python objects are needed only where Arrow takes them; numerics, JSON and the rest stay the server's text."""
        for found, wanted in zip(self._cursor.description or (), columns, strict=True):
            if wanted.store_type not in SIMPLE and not pa.types.is_list(wanted.type):
                self._cursor.adapters.register_loader(found.type_code, TextLoader)

    def _batch(self, rows: Sequence[tuple[Any, ...]]) -> pa.RecordBatch:
        arrays = [
            pa.array(values, pa.string() if pa.types.is_decimal(field.type) else field.type)
            for values, field in zip(zip(*rows, strict=True), self.schema, strict=True)
        ]
        return convert(pa.RecordBatch.from_arrays(arrays, names=self.schema.names), self.schema)


def _column(connection: psycopg.Connection, found: psycopg.Column) -> Column:
    info = connection.adapters.types.get(found.type_code)
    name = info.name if info else "unknown"
    if info and info.array_oid == found.type_code:
        name = f"_{info.name}"
    typmod = -1
    if name == "numeric" and found.precision is not None:
        typmod = (found.precision << 16 | (found.scale or 0)) + 4
    return column(found.name, name, typmod)
