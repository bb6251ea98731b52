"""What crosses the border of a store: one Protocol, its values, and one error that says whether retrying helps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:  # the web process imports these types at start, and pyarrow is heavy
    import pyarrow as pa

StoreKind = Literal["postgres", "mongo", "snowflake"]
DatasetKind = Literal["table", "view", "materialized_view", "collection", "model"]
Account = Literal["gate", "catalog", "loader", "privacy", "owner"]
# What went wrong, in the same words for every store.
ErrorCode = Literal[
    "unreachable",  # no connection, or it was lost
    "sign_in",  # the account or its password was refused
    "not_configured",  # no address for this store and account
    "plain_text",  # the address would send data unencrypted
    "busy",  # no free connection, or a lock was held too long
    "conflict",  # another transaction won; the same again may succeed
    "timeout",
    "cancelled",
    "syntax",
    "unknown_object",  # table, column, function or collection
    "forbidden",  # the account has no right to it
    "read_only",
    "invalid_value",  # a cast, a range, a division by zero
    "constraint",
    "unsupported",
    "internal",
]


class StoreError(Exception):
    """Every driver's error, turned into ours at the border, once.

    `message` may hold what the store said, which can quote a value of a row: show it to machine paths only.
    `public` never does: it says what kind of thing went wrong. `code` is the same word in every store.
    """

    def __init__(
        self,
        message: str,
        *,
        store: str,
        public: str,
        retryable: bool,
        code: ErrorCode = "internal",
        position: int | None = None,
    ) -> None:
        super().__init__(message)
        self.store = store
        self.public = public
        self.retryable = retryable
        self.code = code
        self.position = position  # 1-based character of the statement, where the store names one


@dataclass(frozen=True)
class Health:
    ok: bool
    version: str = ""
    detail: str = ""
    latency_ms: float = 0.0


@dataclass(frozen=True)
class ColumnInfo:
    """One column, or one path of a document (`address.city`, `items[].sku`)."""

    name: str
    type: str
    nullable: bool = True
    position: int = 0
    comment: str = ""
    primary_key: bool = False
    references: str = ""  # "schema.table.column" of a foreign key
    presence: float | None = None  # documents: share (0..1) of the sampled documents that have this path
    types: Mapping[str, float] = field(default_factory=dict)  # documents: the same share for each type of it


@dataclass(frozen=True)
class KeyInfo:
    """A key over its columns in their order; a foreign one says whose. `references` is (schema, table)."""

    kind: Literal["primary", "unique", "foreign"]
    columns: tuple[str, ...]
    references: tuple[str, ...] = ()
    to: tuple[str, ...] = ()


@dataclass(frozen=True)
class DatasetInfo:
    """One table, view or collection. `path` is (database, schema, name), or (database, name) for a collection."""

    path: tuple[str, ...]
    kind: DatasetKind
    columns: tuple[ColumnInfo, ...]
    comment: str = ""
    row_count: int | None = None
    size_bytes: int | None = None
    indexes: tuple[str, ...] = ()
    keys: tuple[KeyInfo, ...] = ()
    definition: str = ""  # a view's SQL
    sampled: int | None = None  # documents: how many were looked at
    changed_at: datetime | None = None


@dataclass(frozen=True)
class Sql:
    """A statement for postgres or snowflake. Parameters are bound by the driver (`%s`), never spliced.

    With parameters, `%s` outside quotes and comments is a placeholder and `%%` a percent sign; what stands inside
    quotes is never touched, so `like 'a%'` needs no doubling. Without parameters the text is sent as it is.
    """

    text: str
    params: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Documents:
    """An aggregation over one collection of the store's database."""

    collection: str
    pipeline: tuple[Mapping[str, Any], ...]


Statement = Sql | Documents


@dataclass(frozen=True)
class Command:
    """One command of MongoDB for `execute`: `{"update": "sessions", "updates": [{"q": ..., "u": ...}]}`,
    `{"delete": ...}`, `{"create": ...}`, `{"createIndexes": ...}`. Answers the `n` of the reply, or -1."""

    body: Mapping[str, Any]


@dataclass(frozen=True)
class LoadResult:
    rows: int
    files: tuple[str, ...] = ()
    statement_ids: tuple[str, ...] = field(default=())


class Rows(Protocol):
    """An open result: a schema, then Arrow batches until it is exhausted. Close it, or use it as a context manager.

    Every field carries the store's own name of its type as metadata `b"store_type"`.
    """

    schema: pa.Schema

    def __iter__(self) -> Iterator[pa.RecordBatch]: ...
    def __enter__(self) -> Rows: ...
    def __exit__(self, *exc: object) -> None: ...
    def close(self) -> None: ...


class Store(Protocol):
    """One handle over the process's pool of connections: cheap to open, one per piece of work, safe to cancel."""

    name: str
    kind: StoreKind

    def health(self) -> Health:
        """Never raises: an unreachable store is `ok=False` with the reason, within 5 s."""

    def introspect(self, *, namespaces: Sequence[str] | None = None) -> Iterator[DatasetInfo]:
        """Datasets of the named schemas (collections for documents); all but system ones without names."""

    def readable(self) -> Mapping[tuple[str, ...], bool]:
        """Every table and collection by path, and whether this account may read all its rows: what `introspect` would
        leave out, or fail at. A warehouse does not tell: there, what an account may not see does not exist for it."""

    def read(self, statement: Statement, *, batch_rows: int = 65_536, timeout_s: float | None = None) -> Rows:
        """Runs in a read-only session with a time limit. `pa.RecordBatch`es of at most `batch_rows` rows.

        Decimals arrive as `pa.decimal128` where the store knows precision and scale, else as exact text (a sum of
        bigints in PostgreSQL); times as `pa.timestamp("us", "UTC")` where the store knows a zone; JSON, UUID and
        other types without an Arrow twin as text. The limit covers the whole read, until the rows are exhausted.
        """

    def write(self, target: tuple[str, ...], batches: Iterable[pa.RecordBatch]) -> LoadResult:
        """Appends batches to an existing table or collection, set-based, atomically."""

    def execute(self, *statements: Sql | Command, timeout_s: float | None = None) -> list[int]:
        """Runs statements (writes, DDL) in one transaction where the store can; affected rows of each, -1 where the
        store does not say. SQL for postgres and snowflake, commands for mongo."""

    def transaction(self) -> AbstractContextManager[Store]:
        """A store bound to one transaction: commit at the end, roll back on error."""

    def cancel(self) -> None:
        """Interrupts what this object is running, from another thread."""

    def close(self) -> None: ...


@dataclass(frozen=True)
class Plan:
    """What a store's planner expects of a statement: `rows` that come back, `cost` in units of the store's own."""

    rows: float
    cost: float


class Planned(Store, Protocol):
    def plan(self, statement: Sql, *, timeout_s: float | None = None) -> Plan:
        """Asks the planner; runs nothing."""


class Snapshots(Store, Protocol):
    def read_together(
        self, statements: Sequence[Sql], *, batch_rows: int = 65_536, timeout_s: float | None = None
    ) -> tuple[Rows, ...]:
        """As `read`, each statement on a connection of its own, all of them in one snapshot: together they see what
        one statement would have seen. Raises before any row is read; the caller closes what it got."""


class Warehouse(Store, Protocol):
    def load_files(self, target: tuple[str, ...], files: Sequence[Path], *, label: str) -> LoadResult:
        """PUT the Parquet files to the table's stage under `label`, then COPY INTO the table by column name."""
