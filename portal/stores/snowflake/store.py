"""The Warehouse for Snowflake, and the same bound to one transaction."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import pyarrow as pa
from django.conf import settings
from snowflake.connector import SnowflakeConnection
from snowflake.connector.cursor import SnowflakeCursor

from portal.stores.health import probe
from portal.stores.running import Running
from portal.stores.snowflake import load
from portal.stores.snowflake.errors import refused
from portal.stores.snowflake.introspect import Row, introspect, named
from portal.stores.snowflake.pool import Pool
from portal.stores.snowflake.query import as_query
from portal.stores.snowflake.rows import SnowflakeRows
from portal.stores.snowflake.run import affected, run
from portal.stores.types import (
    Command,
    DatasetInfo,
    Health,
    LoadResult,
    Rows,
    Sql,
    Statement,
    StoreError,
    StoreKind,
)

LOAD_SECONDS = 3600


class SnowflakeStore:
    kind: StoreKind = "snowflake"

    def __init__(self, pool: Pool) -> None:
        self.name = pool.name
        self._pool = pool
        self._running = Running()

    def health(self) -> Health:
        return probe(f"{self.name} {self._pool.url}", self._version)

    def introspect(self, *, namespaces: Sequence[str] | None = None) -> Iterator[DatasetInfo]:
        with self._bound() as bound:
            yield from bound.introspect(namespaces=namespaces)

    def readable(self) -> dict[tuple[str, ...], bool]:
        with self._bound() as bound:
            return bound.readable()

    def read(self, statement: Statement, *, batch_rows: int = 65_536, timeout_s: float | None = None) -> Rows:
        wanted = as_query(self.name, statement)
        connection = self._pool.sessions.take()
        try:
            cursor = run(self.name, connection, self._running, wanted, _limit(timeout_s))
        except BaseException as error:
            self._give_back(connection, error)
            raise
        return SnowflakeRows(self.name, cursor, batch_rows=batch_rows, done=partial(self._give_back, connection, None))

    def write(self, target: tuple[str, ...], batches: Iterable[pa.RecordBatch]) -> LoadResult:
        with self.transaction() as bound:
            return bound.write(target, batches)

    def load_files(self, target: tuple[str, ...], files: Sequence[Path], *, label: str) -> LoadResult:
        """One transaction, because the emulator commits file by file."""
        with self.transaction() as bound:
            return bound.load_files(target, files, label=label)

    def execute(self, *statements: Sql | Command, timeout_s: float | None = None) -> list[int]:
        """One statement commits by itself. Several share a transaction, which DDL among them would commit."""
        if len(statements) == 1:
            with self._bound() as bound:
                return bound.execute(*statements, timeout_s=timeout_s)
        with self.transaction() as bound:
            return bound.execute(*statements, timeout_s=timeout_s)

    @contextmanager
    def transaction(self) -> Iterator["SnowflakeTransaction"]:
        """DDL inside commits what came before it: Snowflake's rule, not ours."""
        with self._bound() as bound:
            bound.execute(Sql("begin transaction"))
            try:
                yield bound
            except BaseException:
                with suppress(StoreError):
                    bound.execute(Sql("rollback"))
                raise
            bound.execute(Sql("commit"))

    def cancel(self) -> None:
        self._running.cancel()

    def close(self) -> None:
        self._running.cancel()

    @contextmanager
    def _bound(self) -> Iterator["SnowflakeTransaction"]:
        connection = self._pool.sessions.take()
        failure: BaseException | None = None
        try:
            yield SnowflakeTransaction(self, self._pool, self._running, connection)
        except BaseException as error:
            failure = error
            raise
        finally:
            self._give_back(connection, failure)

    def _give_back(self, connection: SnowflakeConnection, failure: BaseException | None) -> None:
        """A session whose last statement lost its connection, or was left behind by something unexpected, may still
        hold a transaction: it goes."""
        broken = failure is not None and (
            not isinstance(failure, StoreError) or failure.code in ("unreachable", "timeout", "cancelled")
        )
        if broken or connection.is_closed() or not self._pool.unchanged(connection):
            self._pool.sessions.discard(connection)
        else:
            self._pool.sessions.give_back(connection)

    def _version(self) -> str:
        with self.read(Sql("select current_version() as v"), timeout_s=4) as rows:
            for batch in rows:
                return f"Snowflake {batch.column(0)[0].as_py()}"
        return ""


class SnowflakeTransaction:
    kind: StoreKind = "snowflake"

    def __init__(self, store: SnowflakeStore, pool: Pool, running: Running, connection: SnowflakeConnection) -> None:
        self.name = store.name
        self._store = store
        self._pool = pool
        self._running = running
        self._connection = connection

    def health(self) -> Health:
        return self._store.health()

    def introspect(self, *, namespaces: Sequence[str] | None = None) -> Iterator[DatasetInfo]:
        yield from introspect(self._ask, self._pool.database, namespaces)

    def readable(self) -> dict[tuple[str, ...], bool]:
        return named(self._ask, self._pool.database)

    def read(self, statement: Statement, *, batch_rows: int = 65_536, timeout_s: float | None = None) -> Rows:
        cursor = self._run(as_query(self.name, statement), timeout_s)
        return SnowflakeRows(self.name, cursor, batch_rows=batch_rows, done=lambda: None)

    def write(self, target: tuple[str, ...], batches: Iterable[pa.RecordBatch]) -> LoadResult:
        return load.write(self.name, self._load, target, batches)

    def load_files(self, target: tuple[str, ...], files: Sequence[Path], *, label: str) -> LoadResult:
        return load.load_files(self.name, self._load, target, files, label)

    def execute(self, *statements: Sql | Command, timeout_s: float | None = None) -> list[int]:
        return [self._execute(statement, timeout_s) for statement in statements]

    @contextmanager
    def transaction(self) -> Iterator["SnowflakeTransaction"]:
        """Snowflake has no savepoints: the outer transaction is the only one."""
        yield self

    def cancel(self) -> None:
        self._store.cancel()

    def close(self) -> None:
        """The transaction ends with its `with` block, not here."""

    def _run(self, statement: Sql, timeout_s: float | None = None) -> SnowflakeCursor:
        return run(self.name, self._connection, self._running, statement, _limit(timeout_s))

    def _load(self, statement: Sql) -> SnowflakeCursor:
        return self._run(statement, LOAD_SECONDS)

    def _execute(self, statement: Sql | Command, timeout_s: float | None) -> int:
        if isinstance(statement, Command):
            raise refused(self.name, "unsupported", "This store takes SQL.")
        cursor = self._run(statement, timeout_s)
        rows = affected(cursor)
        cursor.close()
        return rows

    def _ask(self, statement: Sql) -> list[Row]:
        with self.read(statement) as rows:
            names = [name.lower() for name in rows.schema.names]
            return [
                dict(zip(names, values, strict=True))
                for batch in rows
                for values in zip(*(column.to_pylist() for column in batch.columns), strict=True)
            ]


def _limit(timeout_s: float | None) -> float:
    return float(settings.STORE_TIMEOUT_SECONDS) if timeout_s is None else timeout_s
