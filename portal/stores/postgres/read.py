"""Reading through ADBC: COPY in binary, which streams. COPY takes no parameters, so they are bound to settings of the
transaction first, under names nobody can guess, and the query reads those: values never stand in its text."""

import re
import threading
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import uuid4

import adbc_driver_manager
import psycopg
import pyarrow as pa
from adbc_driver_manager._reader import AdbcRecordBatchReader
from psycopg.adapt import PyFormat, Transformer

from portal.stores.ahead import Ahead
from portal.stores.placeholders import POSTGRES, Bound, bind
from portal.stores.postgres.columns import Column, convert, from_adbc_schema, schema_of, wrapped
from portal.stores.postgres.errors import from_adbc, from_psycopg, no_columns, no_twin, translate
from portal.stores.postgres.pool import Pool
from portal.stores.postgres.query import QUERY
from portal.stores.running import Running
from portal.stores.types import Sql, StoreError

USE_COPY = "adbc.postgresql.use_copy"
# Of one batch. The driver's own 16 MiB, times the batches that are on their way in every part of two extracts, came to
# more memory than a worker may take; smaller ones cost no time.
BATCH_BYTES = {"adbc.postgresql.batch_size_hint_bytes": str(4 * 1024 * 1024)}
# A type that was made after the driver read the catalog.
UNNAMED = re.compile(r"un\w+<oid:(\d+)>")


class PostgresRows:
    """One read-only transaction on a borrowed connection, which goes back when the rows are exhausted or closed."""

    schema: pa.Schema

    def __init__(self, pool: Pool, running: Running, *, batch_rows: int) -> None:
        self._pool = pool
        self._running = running
        self._batch_rows = batch_rows
        self._connection = pool.readers.take()
        self._cursor = self._connection.cursor()
        self._cursor.adbc_statement.set_options(**BATCH_BYTES)
        self._key, self._cancelled = running.add(self._stop)
        self._lock = threading.Lock()
        self._open = True
        self._streaming = False
        self._batches: Iterator[pa.RecordBatch] = iter(())
        self._ahead: Ahead[pa.RecordBatch] | None = None

    def begin(self, timeout_s: float) -> None:
        self._begin("BEGIN READ ONLY", timeout_s)

    def begin_shared(self, timeout_s: float, snapshot: str = "") -> str:
        """A transaction that sees exactly what `snapshot` saw; without one, a snapshot of its own. Returns its name,
        by which others can join while this one is open."""
        begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        self._begin(f"{begin}; SET TRANSACTION SNAPSHOT '{snapshot}'" if snapshot else begin, timeout_s)
        return snapshot or self._one("select pg_export_snapshot()")

    def run(self, statement: Sql) -> None:
        self._batches = self._run(statement)

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        try:
            self._ahead = Ahead(convert(batch, self.schema) for batch in self._batches)
            for batch in self._ahead:
                self._check()
                yield from _slices(batch, self._batch_rows)
            self._streaming = False
        except pa.ArrowInvalid as error:
            raise no_twin(self._pool.name, error) from error
        except (adbc_driver_manager.Error, OSError) as error:
            raise self._error(error) from error
        finally:
            self.close()

    def __enter__(self) -> "PostgresRows":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        with self._lock:
            if not self._open:
                return
            self._open = False
        self._running.remove(self._key)
        if self._end():
            self._pool.readers.give_back(self._connection)
        else:
            self._pool.readers.discard(self._connection)

    def _end(self) -> bool:
        try:
            if self._streaming:
                # Without this, closing a COPY would read it to its end.
                self._cursor.adbc_cancel()
            if self._ahead is not None:
                self._ahead.close()
            self._cursor.close()
            with self._connection.cursor() as cursor:
                cursor.execute("ROLLBACK")
        except (adbc_driver_manager.Error, OSError):
            return False
        return True

    def _begin(self, begin: str, timeout_s: float) -> None:
        limit = str(max(1, int(timeout_s * 1000)))
        try:
            for part in begin.split("; "):
                self._cursor.execute(part)
            # Once a query has run, the transaction cannot be made writable any more.
            names = ("statement_timeout", "idle_in_transaction_session_timeout")
            calls = ", ".join(f"set_config('{name}', '{limit}', true)" for name in names)
            self._cursor.execute(f"select {calls}")
            self._cursor.fetchone()
        except adbc_driver_manager.Error as error:
            raise from_adbc(self._pool.name, error) from error

    def _one(self, text: str) -> str:
        try:
            self._cursor.execute(text)
            (found,) = self._cursor.fetchone()
        except adbc_driver_manager.Error as error:
            raise from_adbc(self._pool.name, error) from error
        return str(found)

    def _run(self, statement: Sql) -> Iterator[pa.RecordBatch]:
        text = statement.text.rstrip(" \t\r\n;") + "\n"
        params = statement.params
        bound = bind(text, POSTGRES, lambda n: f"${n}") if params else Bound(text, 0, ())
        if bound.marks != len(params):
            raise _wrong_count(self._pool.name, bound.marks, len(params))
        values = _as_text(self._pool.name, params)
        try:
            types = self._parameter_types(bound.text) if params else []
            columns = from_adbc_schema(self._cursor.adbc_execute_schema(bound.text))
        except adbc_driver_manager.Error as error:
            raise self._placed(error, bound) from error
        if not columns and QUERY.match(text):
            raise no_columns(self._pool.name)
        self.schema = schema_of(columns)
        try:
            self._check()
            if QUERY.match(text) is None:
                return self._plain(text, types, values)
            return self._stream(self._with_settings(text, types, values), columns)
        except (adbc_driver_manager.Error, OSError) as error:
            raise self._error(error) from error

    def _parameter_types(self, text: str) -> list[str]:
        """Parameters travel as text and are cast to the type the server infers, as in psycopg: ADBC would declare
        them as Arrow's types, and `uuid = text` has no operator."""
        parameters = self._cursor.adbc_prepare(text)
        names = [(field.metadata or {}).get(b"POSTGRESQL:type", b"text").decode() for field in parameters]
        return [self._type_name(name) for name in names]

    def _type_name(self, name: str) -> str:
        unnamed = UNNAMED.fullmatch(name)
        if unnamed is None:
            return quote(name)
        with self._connection.cursor() as cursor:
            cursor.execute(f"select format_type({int(unnamed[1])}, -1)")
            (found,) = cursor.fetchone()
            return str(found)

    def _with_settings(self, text: str, types: Sequence[str], values: Sequence[str | None]) -> str:
        if not values:
            return text
        prefix = f"portico_{uuid4().hex}"
        names = [f"{prefix}.p{n}" for n in range(len(values))]
        calls = ", ".join(f"set_config(${2 * n + 1}, ${2 * n + 2}, true)" for n in range(len(values)))
        pairs = [part for pair in zip(names, values, strict=True) for part in pair]
        with self._connection.cursor() as cursor:
            cursor.execute(f"select {calls}", _one_row(pairs))
            cursor.fetchone()

        def read_back(n: int) -> str:
            name, kind = names[n - 1], types[n - 1]
            if values[n - 1] is None:  # a setting has no NULL
                return f"null::{kind}"
            # Inside a subquery it is read once, not for every row; the outer cast keeps `any(...)` an array.
            return f"((select current_setting('{name}')::{kind})::{kind})"

        return bind(text, POSTGRES, read_back).text

    def _stream(self, text: str, columns: Sequence[Column]) -> Iterator[pa.RecordBatch]:
        self._cursor.execute(wrapped(text, columns, quote) if any(column.asked for column in columns) else text)
        self._streaming = True
        return self._result()

    def _plain(self, text: str, types: Sequence[str], values: Sequence[str | None]) -> Iterator[pa.RecordBatch]:
        self._cursor.adbc_statement.set_options(**{USE_COPY: "false"})
        if values:
            typed = bind(text, POSTGRES, lambda n: f"(${n}::text::{types[n - 1]})").text
            self._cursor.execute(typed, _one_row(values))
        else:
            self._cursor.execute(text)
        return self._result() if self.schema.names else iter(())

    def _result(self) -> Iterator[pa.RecordBatch]:
        # Not `fetch_record_batch`: pyarrow's own reader loses the SQLSTATE of an error in the middle of the rows.
        handle = self._cursor.fetch_arrow()  # named, so that it outlives the import of its stream
        return iter(AdbcRecordBatchReader._import_from_c(handle.address))

    def _check(self) -> None:
        """A cancel that came while nothing ran would otherwise be lost."""
        if self._cancelled.is_set():
            raise translate(self._pool.name, "57014", "cancelled between statements", None)

    def _stop(self) -> None:
        try:
            self._cursor.adbc_cancel()
        except adbc_driver_manager.Error:
            return  # it ended in the meantime

    def _error(self, error: Exception) -> StoreError:
        self._streaming = False
        if self._cancelled.is_set():
            return translate(self._pool.name, "57014", str(error), None)
        return from_adbc(self._pool.name, error)

    def _placed(self, error: Exception, bound: Bound) -> StoreError:
        placed = self._error(error)
        placed.position = bound.original(placed.position)
        return placed


def read(pool: Pool, running: Running, statement: Sql, *, batch_rows: int, timeout_s: float) -> PostgresRows:
    rows = PostgresRows(pool, running, batch_rows=batch_rows)
    try:
        rows.begin(timeout_s)
        rows.run(statement)
    except BaseException:
        rows.close()
        raise
    return rows


def read_together(
    pool: Pool, running: Running, statements: Sequence[Sql], *, batch_rows: int, timeout_s: float
) -> tuple[PostgresRows, ...]:
    """Every transaction is open before the first row is asked for: a snapshot can be joined only while the
    transaction that exported it lasts."""
    opened: list[PostgresRows] = []
    try:
        snapshot = ""
        for _ in statements:
            opened.append(PostgresRows(pool, running, batch_rows=batch_rows))
            snapshot = opened[-1].begin_shared(timeout_s, snapshot)
        for rows, statement in zip(opened, statements, strict=True):
            rows.run(statement)
    except BaseException:
        for rows in opened:
            rows.close()
        raise
    return tuple(opened)


def quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _slices(batch: pa.RecordBatch, rows: int) -> Iterator[pa.RecordBatch]:
    for start in range(0, batch.num_rows, rows):
        yield batch.slice(start, rows)


def _as_text(store: str, params: Sequence[Any]) -> list[str | None]:
    try:
        dumped = Transformer().dump_sequence(params, [PyFormat.TEXT] * len(params))
    except psycopg.Error as error:
        raise from_psycopg(store, error) from error
    return [None if value is None else bytes(value).decode() for value in dumped]


def _one_row(values: Sequence[str | None]) -> pa.RecordBatch:
    arrays = [pa.array([value], pa.string()) for value in values]
    return pa.RecordBatch.from_arrays(arrays, names=[str(n) for n in range(len(values))])


def _wrong_count(store: str, marks: int, given: int) -> StoreError:
    return StoreError(
        f"{marks} placeholders, {given} parameters",
        store=store,
        public="The statement has another number of parameters than were given.",
        retryable=False,
        code="syntax",
    )
