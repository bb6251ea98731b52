"""Puts one staged window into RAW exactly once.

The warehouse keeps a receipt of its own, `RAW._PORTICO_LOADS`, one row per label. It is written in the same
transaction as the rows, by an UPDATE that succeeds once: whoever was killed, frozen or overtaken between the
warehouse's commit and the portal's receipt finds it there, and nobody else can load the same label again.
Files are copied into a landing table first: what RAW already has (same keys, same cursor) stays out, and JSON text
becomes a VARIANT on its way.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from apps.pipelines.definitions import Extract
from apps.pipelines.extraction.typing import landing_type
from portal.stores.types import Sql, Store, StoreError, Warehouse

RECEIPTS = "_PORTICO_LOADS"
LOAD_TIMEOUT_S = 3600.0
PROVENANCE = {"_LOADED_AT": "TIMESTAMP_TZ", "_RUN_ID": "NUMBER(38,0)", "_BATCH": "VARCHAR"}
RECEIPT_COLUMNS = {
    "LABEL": "VARCHAR",
    "DATASET": "VARCHAR",
    "RUN_ID": "NUMBER(38,0)",
    "STATE": "VARCHAR",
    "COPIED_ROWS": "NUMBER(38,0)",
    "ADDED_ROWS": "NUMBER(38,0)",
    "INTENDED_AT": "TIMESTAMP_TZ",
    "LOADED_AT": "TIMESTAMP_TZ",
}
PAUSES_S = (0.1, 0.3, 1.0)
Path3 = tuple[str, str, str]


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
    """The receipts and the target table, if they are not there yet, and columns that the definition has gained."""
    _make(store, _receipts(extract), RECEIPT_COLUMNS)
    wanted = {column.target: column.type for column in extract.columns} | PROVENANCE
    _make(store, extract.target, wanted)


def _make(store: Store, path: Path3, wanted: Mapping[str, str]) -> None:
    found = _columns(store, path)
    if found is None:
        columns = ", ".join(f"{_name(name)} {type_}" for name, type_ in wanted.items())
        _define(store, f"create table if not exists {_path(path)} ({columns})")
        return
    for name, type_ in wanted.items():
        if name not in found:
            _define(store, f"alter table {_path(path)} add column if not exists {_name(name)} {type_}")


def _columns(store: Store, path: Path3) -> set[str] | None:
    """None when there is no such table."""
    try:
        with store.read(Sql(f"select * from {_path(path)} limit 0")) as rows:  # noqa: S608 - names only
            return set(rows.schema.names)
    except StoreError as error:
        if error.code == "unknown_object":
            return None
        raise


def _define(store: Store, text: str) -> None:
    """DDL that may run again. Loads of other datasets define at the same moment, and one of two may lose."""
    for pause_s in PAUSES_S:
        try:
            store.execute(Sql(text))
        except StoreError as error:
            if error.code not in ("conflict", "constraint"):
                raise
            time.sleep(pause_s)
        else:
            return
    store.execute(Sql(text))


def receipt(store: Store, extract: Extract, label: str) -> Loaded | None:
    """What the warehouse says of a label; None when it was never committed."""
    text = (
        f"select COPIED_ROWS, ADDED_ROWS from {_path(_receipts(extract))} "  # noqa: S608 - names only
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
            (added,) = bound.execute(_insert(extract, batch, landing), timeout_s=LOAD_TIMEOUT_S)
            (written,) = bound.execute(_receipt(extract, batch, copied, added))
            if not written:
                raise LoadLost(batch.label)
    return Loaded(copied, added)


def drop_landings(store: Store, extract: Extract, run_id: int, attempts: int) -> None:
    """What attempts that died left behind."""
    for attempt in range(1, attempts + 1):
        _define(store, f"drop table if exists {_path(_landing_path(extract, run_id, attempt))}")


def _intend(store: Store, extract: Extract, batch: Batch) -> None:
    receipts = _path(_receipts(extract))
    store.execute(
        Sql(
            f"insert into {receipts} (LABEL, DATASET, RUN_ID, STATE, INTENDED_AT) "  # noqa: S608 - names only
            f"select %s, %s, %s, 'intended', current_timestamp() "
            f"where not exists (select 1 from {receipts} where LABEL = %s)",
            (batch.label, extract.key, batch.run_id, batch.label),
        )
    )


@contextmanager
def _landing(store: Store, extract: Extract, batch: Batch) -> Iterator[Path3]:
    """A table per attempt: a predecessor that still writes cannot add to ours. Made and dropped outside the
    transaction, because DDL would commit it."""
    path = _landing_path(extract, batch.run_id, batch.attempt)
    columns = ", ".join(f"{_name(column.target)} {landing_type(column.type)}" for column in extract.columns)
    _define(store, f"create or replace table {_path(path)} ({columns})")
    try:
        yield path
    finally:
        _define(store, f"drop table if exists {_path(path)}")


def _receipts(extract: Extract) -> Path3:
    database, schema, _ = extract.target
    return database, schema, RECEIPTS


def _landing_path(extract: Extract, run_id: int, attempt: int) -> Path3:
    database, schema, table = extract.target
    return database, schema, f"_LANDING_{table}_{run_id}_{attempt}"


def _insert(extract: Extract, batch: Batch, landing: Path3) -> Sql:
    names = ", ".join(_name(column.target) for column in extract.columns)
    values = ", ".join(
        f"parse_json(l.{_name(column.target)})" if column.type == "VARIANT" else f"l.{_name(column.target)}"
        for column in extract.columns
    )
    version = _version(extract)
    same = " and ".join(f"r.{_name(name)} = l.{_name(name)}" for name in version)
    recent = f" and r.{_name(version[-1])} >= %s" if batch.since else ""
    return Sql(
        f"insert into {_path(extract.target)} ({names}, {', '.join(PROVENANCE)}) "  # noqa: S608 - names only
        f"select {values}, %s, %s, %s from {_path(landing)} l "
        f"where not exists (select 1 from {_path(extract.target)} r where {same}{recent})",
        (batch.loaded_at, batch.run_id, batch.label, *((batch.since,) if batch.since else ())),
    )


def _receipt(extract: Extract, batch: Batch, copied: int, added: int) -> Sql:
    return Sql(
        f"update {_path(_receipts(extract))} "  # noqa: S608 - names only
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
