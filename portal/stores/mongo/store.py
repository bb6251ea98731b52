"""The Store for MongoDB, and the same bound to one transaction."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import pyarrow as pa
import pymongo
from django.conf import settings
from pymongo.client_session import ClientSession

from portal.stores.health import probe
from portal.stores.mongo.columns import from_batch
from portal.stores.mongo.errors import DRIVER_ERRORS, cancelled, from_mongo, unsupported
from portal.stores.mongo.introspect import introspect, readable
from portal.stores.mongo.pool import Pool
from portal.stores.mongo.read import read, stop
from portal.stores.running import Running
from portal.stores.types import Command, DatasetInfo, Health, LoadResult, Rows, Sql, Statement, StoreKind

INSERT_ROWS = 2_000
LOAD_SECONDS = 600.0
# Commands that MongoDB takes inside a transaction; the rest (collections, indexes) run on their own.
TRANSACTIONAL = frozenset({"insert", "update", "delete", "findAndModify"})


class MongoStore:
    kind: StoreKind = "mongo"

    def __init__(self, pool: Pool) -> None:
        self.name = pool.name
        self._pool = pool
        self._running = Running()

    def health(self) -> Health:
        return probe(f"{self.name} {self._pool.url}", self._version)

    def introspect(self, *, namespaces: Sequence[str] | None = None) -> Iterator[DatasetInfo]:
        try:
            self._pool.reach()
            yield from introspect(self._pool.database, namespaces)
        except DRIVER_ERRORS as error:
            raise from_mongo(self.name, error) from error

    def readable(self) -> dict[tuple[str, ...], bool]:
        try:
            self._pool.reach()
            return readable(self._pool.database)
        except DRIVER_ERRORS as error:
            raise from_mongo(self.name, error) from error

    def read(self, statement: Statement, *, batch_rows: int = 65_536, timeout_s: float | None = None) -> Rows:
        limit = settings.STORE_TIMEOUT_SECONDS if timeout_s is None else timeout_s
        return read(self._pool, self._running, statement, batch_rows=batch_rows, timeout_s=limit)

    def write(self, target: tuple[str, ...], batches: Iterable[pa.RecordBatch]) -> LoadResult:
        """One transaction. The store keeps all of it in its cache until it commits: with a small cache (256 MB) about
        40,000 documents are the most, so write 10,000 at a time where all or nothing is not needed."""
        with self.transaction() as bound:
            return bound.write(target, batches)

    def execute(self, *statements: Sql | Command, timeout_s: float | None = None) -> list[int]:
        """Commands on documents in one transaction; commands on collections and indexes each on its own."""
        commands = [_command(self.name, statement) for statement in statements]
        if all(fits_a_transaction(command) for command in commands):
            with self.transaction() as bound:
                return bound.execute(*commands, timeout_s=timeout_s)
        with self._session() as session:
            return [run(self._pool, session, command, timeout_s, bound=False) for command in commands]

    @contextmanager
    def transaction(self) -> Iterator["MongoTransaction"]:
        with self._session() as session, session.start_transaction():
            yield MongoTransaction(self, self._pool, self._running, session)

    def cancel(self) -> None:
        self._running.cancel()

    def close(self) -> None:
        self._running.cancel()

    @contextmanager
    def _session(self) -> Iterator[ClientSession]:
        try:
            self._pool.reach()
            with (
                self._pool.client.start_session() as session,
                self._running.work(lambda: stop(self._pool, session)) as stopped,
            ):
                try:
                    yield session
                except DRIVER_ERRORS as error:
                    raise (cancelled(self.name) if stopped.is_set() else from_mongo(self.name, error)) from error
        except DRIVER_ERRORS as error:
            raise from_mongo(self.name, error) from error

    def _version(self) -> str:
        try:
            with pymongo.timeout(4):
                return f"MongoDB {self._pool.client.server_info()['version']}"
        except DRIVER_ERRORS as error:
            raise from_mongo(self.name, error) from error


def fits_a_transaction(command: Command) -> bool:
    """MongoDB changes no collection of its own (`system.js`) inside one."""
    name, target = next(iter(command.body.items()))
    return name in TRANSACTIONAL and not str(target).startswith("system.")


class MongoTransaction:
    kind: StoreKind = "mongo"

    def __init__(self, store: MongoStore, pool: Pool, running: Running, session: ClientSession) -> None:
        self.name = store.name
        self._store = store
        self._pool = pool
        self._running = running
        self._session = session

    def health(self) -> Health:
        return self._store.health()

    def introspect(self, *, namespaces: Sequence[str] | None = None) -> Iterator[DatasetInfo]:
        return self._store.introspect(namespaces=namespaces)

    def readable(self) -> dict[tuple[str, ...], bool]:
        return self._store.readable()

    def read(self, statement: Statement, *, batch_rows: int = 65_536, timeout_s: float | None = None) -> Rows:
        limit = settings.STORE_TIMEOUT_SECONDS if timeout_s is None else timeout_s
        return read(
            self._pool,
            self._running,
            statement,
            batch_rows=batch_rows,
            timeout_s=limit,
            session=self._session,
        )

    def write(self, target: tuple[str, ...], batches: Iterable[pa.RecordBatch]) -> LoadResult:
        collection = self._pool.database[target[-1]]
        rows = 0
        for batch in batches:
            for start in range(0, batch.num_rows, INSERT_ROWS):
                documents = from_batch(batch.slice(start, INSERT_ROWS))
                with pymongo.timeout(LOAD_SECONDS):
                    collection.insert_many(documents, session=self._session)
                rows += len(documents)
        return LoadResult(rows=rows)

    def execute(self, *statements: Sql | Command, timeout_s: float | None = None) -> list[int]:
        commands = [_command(self.name, statement) for statement in statements]
        return [run(self._pool, self._session, command, timeout_s, bound=True) for command in commands]

    @contextmanager
    def transaction(self) -> Iterator["MongoTransaction"]:
        """MongoDB has no savepoints: the outer transaction is the only one."""
        yield self

    def cancel(self) -> None:
        self._store.cancel()

    def close(self) -> None:
        """The transaction ends with its `with` block, not here."""


def run(pool: Pool, session: ClientSession, command: Command, timeout_s: float | None, *, bound: bool) -> int:
    """How many documents the command met (`n`), or -1."""
    limit = settings.STORE_TIMEOUT_SECONDS if timeout_s is None else timeout_s
    body = dict(command.body)
    if not bound:
        body.setdefault("maxTimeMS", max(1, int(limit * 1000)))
    with pymongo.timeout(limit):
        reply = pool.database.command(body, session=session)
    failures = reply.get("writeErrors")
    if failures:
        raise pymongo.errors.WriteError(failures[0].get("errmsg", ""), failures[0].get("code"), failures[0])
    return int(reply.get("n", -1))


def _command(store: str, statement: Sql | Command) -> Command:
    if isinstance(statement, Command):
        return statement
    raise unsupported(store, "This store takes commands, not SQL.")
