"""A Store bound to one transaction. Its reads see what it wrote."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg
import pyarrow as pa
from django.conf import settings

from portal.stores.placeholders import POSTGRES, Bound, bind
from portal.stores.postgres.errors import from_psycopg
from portal.stores.postgres.introspect import introspect, readable
from portal.stores.postgres.load import copy_in
from portal.stores.postgres.rows import CursorRows
from portal.stores.types import Command, DatasetInfo, Health, LoadResult, Rows, Sql, Statement, StoreError, StoreKind

if TYPE_CHECKING:
    from portal.stores.postgres.store import PostgresStore


class PostgresTransaction:
    kind: StoreKind = "postgres"

    def __init__(self, store: "PostgresStore", connection: psycopg.Connection) -> None:
        self.name = store.name
        self._store = store
        self._connection = connection

    def health(self) -> Health:
        return self._store.health()

    def introspect(self, *, namespaces: Sequence[str] | None = None) -> Iterator[DatasetInfo]:
        yield from introspect(self._connection, self._connection.info.dbname, namespaces)

    def readable(self) -> dict[tuple[str, ...], bool]:
        return readable(self._connection, self._connection.info.dbname)

    def read(self, statement: Statement, *, batch_rows: int = 65_536, timeout_s: float | None = None) -> Rows:
        wanted = as_sql(self.name, statement)
        bound = bound_text(wanted)
        set_timeout(self._connection, settings.STORE_TIMEOUT_SECONDS if timeout_s is None else timeout_s)
        try:
            return CursorRows(self.name, self._connection, bound.text, wanted.params, batch_rows)
        except psycopg.Error as error:
            raise self._placed(error, bound) from error

    def write(self, target: tuple[str, ...], batches: Iterable[pa.RecordBatch]) -> LoadResult:
        try:
            return copy_in(self._connection, target, batches)
        except psycopg.Error as error:
            raise from_psycopg(self.name, error) from error

    def execute(self, *statements: Sql | Command, timeout_s: float | None = None) -> list[int]:
        if timeout_s is not None:
            set_timeout(self._connection, timeout_s)
        return [self._execute(as_sql(self.name, statement)) for statement in statements]

    @contextmanager
    def transaction(self) -> Iterator["PostgresTransaction"]:
        """A savepoint."""
        with self._connection.transaction():
            yield self

    def cancel(self) -> None:
        self._store.cancel()

    def close(self) -> None:
        """The transaction ends with its `with` block, not here."""

    def _execute(self, statement: Sql) -> int:
        bound = bound_text(statement)
        try:
            return self._connection.execute(bound.text.encode(), statement.params or None).rowcount
        except psycopg.Error as error:
            raise self._placed(error, bound) from error

    def _placed(self, error: psycopg.Error, bound: Bound) -> StoreError:
        placed = from_psycopg(self.name, error)
        placed.position = bound.original(placed.position)
        return placed


def set_timeout(connection: psycopg.Connection, timeout_s: float) -> None:
    limit = str(max(1, int(timeout_s * 1000)))
    connection.execute(b"select set_config('statement_timeout', $1, true)", (limit,))


def bound_text(statement: Sql) -> Bound:
    if not statement.params:
        return Bound(statement.text, 0, ())
    return bind(statement.text, POSTGRES, lambda n: f"${n}")


def as_sql(store: str, statement: Statement | Command) -> Sql:
    if isinstance(statement, Sql):
        return statement
    raise StoreError(
        "not an SQL statement",
        store=store,
        public="This store takes SQL.",
        retryable=False,
        code="unsupported",
    )
