"""The Store for PostgreSQL: one handle per piece of work over the process's pools."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial

import psycopg
import pyarrow as pa
from django.conf import settings

from portal.stores.health import probe
from portal.stores.postgres.errors import from_psycopg
from portal.stores.postgres.introspect import introspect, readable
from portal.stores.postgres.load import copy_in
from portal.stores.postgres.pool import Pool, with_options
from portal.stores.postgres.read import read, read_together
from portal.stores.postgres.transaction import PostgresTransaction, as_sql, set_timeout
from portal.stores.running import Running
from portal.stores.types import Command, DatasetInfo, Health, LoadResult, Plan, Rows, Sql, Statement, StoreKind

LOAD_SECONDS = 3600


class PostgresStore:
    kind: StoreKind = "postgres"

    def __init__(self, pool: Pool) -> None:
        self.name = pool.name
        self._pool = pool
        self._running = Running()

    def health(self) -> Health:
        return probe(f"{self.name} {self._pool.url}", self._version)

    def introspect(self, *, namespaces: Sequence[str] | None = None) -> Iterator[DatasetInfo]:
        with self._session(settings.STORE_TIMEOUT_SECONDS) as connection:
            connection.execute("SET TRANSACTION READ ONLY")
            yield from introspect(connection, self._pool.database, namespaces)

    def readable(self) -> dict[tuple[str, ...], bool]:
        with self._session(settings.STORE_TIMEOUT_SECONDS) as connection:
            return readable(connection, self._pool.database)

    def read(self, statement: Statement, *, batch_rows: int = 65_536, timeout_s: float | None = None) -> Rows:
        return read(
            self._pool,
            self._running,
            as_sql(self.name, statement),
            batch_rows=batch_rows,
            timeout_s=settings.STORE_TIMEOUT_SECONDS if timeout_s is None else timeout_s,
        )

    def plan(self, statement: Sql, *, timeout_s: float | None = None) -> Plan:
        with self._session(settings.STORE_TIMEOUT_SECONDS if timeout_s is None else timeout_s) as connection:
            connection.execute("SET TRANSACTION READ ONLY")
            text = f"EXPLAIN (FORMAT JSON) {statement.text}"
            row = connection.execute(text.encode(), statement.params or None).fetchone()
            found = row[0][0]["Plan"] if row else {}
            return Plan(found.get("Plan Rows", 0), found.get("Total Cost", 0))

    def read_together(
        self, statements: Sequence[Sql], *, batch_rows: int = 65_536, timeout_s: float | None = None
    ) -> tuple[Rows, ...]:
        return read_together(
            self._pool,
            self._running,
            statements,
            batch_rows=batch_rows,
            timeout_s=settings.STORE_TIMEOUT_SECONDS if timeout_s is None else timeout_s,
        )

    def write(self, target: tuple[str, ...], batches: Iterable[pa.RecordBatch]) -> LoadResult:
        with self._session(LOAD_SECONDS) as connection:
            return copy_in(connection, target, batches)

    def execute(self, *statements: Sql | Command, timeout_s: float | None = None) -> list[int]:
        with self.transaction() as bound:
            return bound.execute(*statements, timeout_s=timeout_s)

    @contextmanager
    def transaction(self) -> Iterator[PostgresTransaction]:
        with self._session(settings.STORE_TIMEOUT_SECONDS) as connection:
            yield PostgresTransaction(self, connection)

    def cancel(self) -> None:
        self._running.cancel()

    def close(self) -> None:
        self._running.cancel()

    @contextmanager
    def _session(self, timeout_s: float) -> Iterator[psycopg.Connection]:
        """A pooled connection in a transaction: committed at the end, rolled back on error."""
        connection = self._pool.writers.take()
        try:
            # Commits, or rolls back on an error.
            with connection.transaction(), self._running.work(partial(_stop, connection)):
                set_timeout(connection, timeout_s)
                yield connection
        except psycopg.Error as error:
            raise from_psycopg(self.name, error) from error
        finally:
            if _reset(connection):
                self._pool.writers.give_back(connection)
            else:
                self._pool.writers.discard(connection)

    def _version(self) -> str:
        url = with_options(self._pool.url, "-c statement_timeout=3000")
        try:
            with psycopg.connect(url, connect_timeout=3, autocommit=True) as connection:
                row = connection.execute("show server_version").fetchone()
        except psycopg.Error as error:
            raise from_psycopg(self.name, error) from error
        return f"PostgreSQL {row[0]}" if row else ""


def _stop(connection: psycopg.Connection) -> None:
    with suppress(psycopg.Error):
        connection.cancel_safe(timeout=5)


def _reset(connection: psycopg.Connection) -> bool:
    """A SET of this piece of work must not meet the next one. False: the connection is of no more use."""
    try:
        connection.execute(b"RESET ALL")
        connection.commit()
    except psycopg.Error:
        return False
    return True
