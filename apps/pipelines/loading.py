"""Puts one staged window into RAW exactly once.

The warehouse keeps a receipt of its own, `RAW._PORTICO_LOADS`, one row per label. It is written in the same
transaction as the rows, by an UPDATE that succeeds once: whoever was killed, frozen or overtaken between the
warehouse's commit and the portal's receipt finds it there, and nobody else can load the same label again.
Files are copied into a landing table first: what RAW already has (same keys, same cursor) stays out, and JSON text
becomes a VARIANT on its way.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from apps.pipelines.definitions import Column, Extract
from apps.pipelines.extraction.typing import landing_type
from portal.stores.types import Sql, Store, Warehouse

RECEIPTS = "_PORTICO_LOADS"
META = ("_LOADED_AT", "_RUN_ID", "_BATCH")


@dataclass(frozen=True)
class Batch:
    """What is loaded: `label` names it for ever, `attempt` only its landing table."""

    label: str
    run_id: int
    attempt: int
    loaded_at: datetime
    since: datetime | None  # no row of the files is older; None: unknown


@dataclass(frozen=True)
class Loaded:
    """What the warehouse's receipt says: rows copied from the files, and how many of them were new."""

    copied: int
    added: int


class LoadLost(Exception):
    """The receipt was not ours to write: somebody else loaded this label meanwhile. Nothing of ours stays."""


def prepare(store: Store, extract: Extract) -> None:
    """The receipts and the target table, if they are not there yet."""
    database, schema, _ = extract.target
    columns = ", ".join(f"{_name(column.target)} {column.type}" for column in extract.columns)
    receipts = _path((database, schema, RECEIPTS))
    store.execute(
        Sql(
            f"create table if not exists {receipts} (LABEL VARCHAR, DATASET VARCHAR, RUN_ID NUMBER(38,0), "
            "STATE VARCHAR, COPIED_ROWS NUMBER(38,0), ADDED_ROWS NUMBER(38,0), INTENDED_AT TIMESTAMP_TZ, "
            "LOADED_AT TIMESTAMP_TZ)"
        )
    )
    store.execute(
        Sql(
            f"create table if not exists {_path(extract.target)} ({columns}, "
            f"{META[0]} TIMESTAMP_TZ, {META[1]} NUMBER(38,0), {META[2]} VARCHAR)"
        )
    )


def widen(store: Store, extract: Extract, columns: Sequence[Column]) -> None:
    """Columns that the definition has gained since the table was made."""
    for column in columns:
        store.execute(
            Sql(f"alter table {_path(extract.target)} add column if not exists {_name(column.target)} {column.type}")
        )


def receipt(store: Store, extract: Extract, label: str) -> Loaded | None:
    """What the warehouse says of a label; None when it was never committed."""
    database, schema, _ = extract.target
    text = (
        f"select COPIED_ROWS, ADDED_ROWS from {_path((database, schema, RECEIPTS))} "  # noqa: S608 - names only
        "where LABEL = %s and STATE = 'loaded'"
    )
    with store.read(Sql(text, (label,))) as rows:
        for found in rows:
            for copied, added in zip(*(column.to_pylist() for column in found.columns), strict=True):
                return Loaded(int(copied), int(added))
    return None


def load(store: Warehouse, extract: Extract, batch: Batch, files: Sequence[Path]) -> Loaded:
    """Raises LoadLost when another attempt's receipt came first, StoreError when the store refuses."""
    _intend(store, extract, batch)
    with _landing(store, extract, batch) as landing:
        copied = store.load_files(landing, files, label=f"{batch.label}/{batch.attempt}").rows
        with store.transaction() as bound:
            (added,) = bound.execute(_insert(extract, batch, landing))
            (written,) = bound.execute(_receipt(extract, batch, copied, added))
            if not written:
                raise LoadLost(batch.label)
    return Loaded(copied, added)


def drop_landings(store: Store, extract: Extract, run_id: int, attempts: int) -> None:
    """What attempts that died left behind."""
    for attempt in range(1, attempts + 1):
        store.execute(Sql(f"drop table if exists {_path(_landing_path(extract, run_id, attempt))}"))


def _intend(store: Store, extract: Extract, batch: Batch) -> None:
    database, schema, _ = extract.target
    receipts = _path((database, schema, RECEIPTS))
    store.execute(
        Sql(
            f"insert into {receipts} (LABEL, DATASET, RUN_ID, STATE, INTENDED_AT) "  # noqa: S608 - names only
            f"select %s, %s, %s, 'intended', current_timestamp() "
            f"where not exists (select 1 from {receipts} where LABEL = %s)",
            (batch.label, extract.key, batch.run_id, batch.label),
        )
    )


@contextmanager
def _landing(store: Store, extract: Extract, batch: Batch) -> Iterator[tuple[str, str, str]]:
    """A table per attempt: a predecessor that still writes cannot add to ours. Made and dropped outside the
    transaction, because DDL would commit it."""
    path = _landing_path(extract, batch.run_id, batch.attempt)
    columns = ", ".join(f"{_name(column.target)} {landing_type(column.type)}" for column in extract.columns)
    store.execute(Sql(f"create or replace table {_path(path)} ({columns})"))
    try:
        yield path
    finally:
        store.execute(Sql(f"drop table if exists {_path(path)}"))


def _landing_path(extract: Extract, run_id: int, attempt: int) -> tuple[str, str, str]:
    database, schema, table = extract.target
    return database, schema, f"_LANDING_{table}_{run_id}_{attempt}"


def _insert(extract: Extract, batch: Batch, landing: tuple[str, str, str]) -> Sql:
    names = ", ".join(_name(column.target) for column in extract.columns)
    values = ", ".join(
        f"parse_json(l.{_name(column.target)})" if column.type == "VARIANT" else f"l.{_name(column.target)}"
        for column in extract.columns
    )
    version = _version(extract)
    same = " and ".join(f"r.{_name(name)} = l.{_name(name)}" for name in version)
    recent = f" and r.{_name(version[-1])} >= %s" if batch.since else ""
    return Sql(
        f"insert into {_path(extract.target)} ({names}, {', '.join(META)}) "  # noqa: S608 - names only
        f"select {values}, %s, %s, %s from {_path(landing)} l "
        f"where not exists (select 1 from {_path(extract.target)} r where {same}{recent})",
        (batch.loaded_at, batch.run_id, batch.label, *((batch.since,) if batch.since else ())),
    )


def _receipt(extract: Extract, batch: Batch, copied: int, added: int) -> Sql:
    database, schema, _ = extract.target
    return Sql(
        f"update {_path((database, schema, RECEIPTS))} "  # noqa: S608 - names only
        "set STATE = 'loaded', COPIED_ROWS = %s, ADDED_ROWS = %s, LOADED_AT = current_timestamp() "
        "where LABEL = %s and STATE = 'intended'",
        (copied, added, batch.label),
    )


def _version(extract: Extract) -> tuple[str, ...]:
    """The columns of RAW that make a row version: the keys, then the cursor."""
    targets = {column.source: column.target for column in extract.columns}
    return tuple(targets[name] for name in (*extract.keys, extract.cursor))


def _path(path: tuple[str, ...]) -> str:
    return ".".join(_name(part) for part in path)


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
