"""An aggregation as Arrow batches, in a session of its own, which is also how it is stopped."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, cast

import bson
import pyarrow as pa
import pymongo
import pymongo.errors
from pymongo.client_session import ClientSession
from pymongo.cursor import RawBatchCursor

from portal.stores.mongo.columns import to_batch
from portal.stores.mongo.errors import DRIVER_ERRORS, cancelled, from_mongo, out_of_time, unsupported
from portal.stores.mongo.pool import CODEC, Document, Pool
from portal.stores.running import Running
from portal.stores.types import Documents, StoreError

WRITING_STAGES = frozenset({"$out", "$merge"})
# Freeing a cursor must not take longer than this, whatever the server does.
FREE_SECONDS = 3.0
# Documents of one batch may be as large as a reply each: what is held here is bounded by bytes, too.
HELD_BYTES = 16 * 1024 * 1024


class MongoRows:
    """`schema` is that of the first batch. A later batch has a schema of its own where its documents differ: a key
    that came or went, or a value of another type."""

    schema: pa.Schema

    def __init__(
        self,
        pool: Pool,
        running: Running,
        *,
        batch_rows: int,
        timeout_s: float,
        session: ClientSession | None = None,
    ) -> None:
        self._pool = pool
        self._running = running
        self._batch_rows = batch_rows
        self._deadline = time.monotonic() + timeout_s
        self._own_session = session is None
        self._session = session or pool.client.start_session()
        self._key, self._cancelled = running.add(self._stop)
        self._cursor: RawBatchCursor[Document] | None = None
        self._waiting: list[Document] = []
        self._first: pa.RecordBatch | None = None

    def start(self, statement: Documents) -> None:
        try:
            refuse_writes(self._pool.name, statement.pipeline)
            self._pool.reach()
            with pymongo.timeout(self._left()):
                self._cursor = self._pool.database[statement.collection].aggregate_raw_batches(
                    list(statement.pipeline),
                    session=self._session,
                    allowDiskUse=True,
                    batchSize=self._batch_rows,
                )
            self._first = to_batch(self._documents())
            self.schema = self._first.schema
        except DRIVER_ERRORS as error:
            self.close()
            raise self._error(error) from error
        except BaseException:
            self.close()
            raise

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        try:
            batch, self._first = self._first, None
            while batch is not None and batch.num_rows:
                yield batch
                batch = to_batch(self._documents())
        except DRIVER_ERRORS as error:
            raise self._error(error) from error
        finally:
            self.close()

    def __enter__(self) -> "MongoRows":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        self._running.remove(self._key)
        with suppress(*DRIVER_ERRORS), pymongo.timeout(FREE_SECONDS):
            if self._cursor is not None:
                self._cursor.close()
            if self._own_session:
                self._session.end_session()

    def _documents(self) -> list[Document]:
        """At most `batch_rows` documents, and no more of them than about HELD_BYTES.

        The server sends them in replies of its own size; the rest waits here.
        """
        held = 0
        while self._cursor is not None and len(self._waiting) < self._batch_rows and held < HELD_BYTES:
            if self._cancelled.is_set():
                raise cancelled(self._pool.name)
            with pymongo.timeout(self._left()):
                reply = next(self._cursor, None)
            if reply is None:
                break
            held += len(reply)
            self._waiting += bson.decode_all(cast(bytes, reply), CODEC)
        found = self._waiting[: self._batch_rows]
        del self._waiting[: self._batch_rows]
        return found

    def _left(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise out_of_time(self._pool.name)
        return left

    def _stop(self) -> None:
        stop(self._pool, self._session)

    def _error(self, error: Exception) -> StoreError:
        if self._cancelled.is_set():
            return cancelled(self._pool.name)
        return from_mongo(self._pool.name, error)


def stop(pool: Pool, session: ClientSession) -> None:
    """Ends what the session runs, and its cursors. Everyone may kill sessions of their own; killOp needs a right."""
    with suppress(*DRIVER_ERRORS), pymongo.timeout(FREE_SECONDS):
        pool.client.admin.command("killSessions", [{"id": session.session_id["id"]}])


def refuse_writes(store: str, value: object) -> None:
    """MongoDB has no read-only session: an account with write rights could write through these two stages."""
    if isinstance(value, Mapping):
        if WRITING_STAGES & value.keys():
            raise StoreError(
                "a stage that writes",
                store=store,
                public="This session may only read.",
                retryable=False,
                code="read_only",
            )
        value = list(value.values())
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        for item in value:
            refuse_writes(store, item)


def read(
    pool: Pool,
    running: Running,
    statement: Any,
    *,
    batch_rows: int,
    timeout_s: float,
    session: ClientSession | None = None,
) -> MongoRows:
    if not isinstance(statement, Documents):
        raise unsupported(pool.name, "This store takes a collection and a pipeline.")
    try:
        rows = MongoRows(pool, running, batch_rows=batch_rows, timeout_s=timeout_s, session=session)
    except pymongo.errors.PyMongoError as error:
        raise from_mongo(pool.name, error) from error
    rows.start(statement)
    return rows
