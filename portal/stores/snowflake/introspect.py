"""What a database of the warehouse holds, from its INFORMATION_SCHEMA. Never a value."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from portal.stores.snowflake.load import quote, quoted
from portal.stores.types import ColumnInfo, DatasetInfo, DatasetKind, Sql, StoreError

Row = dict[str, Any]
Ask = Callable[[Sql], list[Row]]
TABLES = """select table_schema, table_name, table_type, row_count, bytes, comment, last_altered
from {database}.information_schema.tables where table_schema <> 'INFORMATION_SCHEMA'"""
VIEWS = """select table_schema, table_name, view_definition, comment
from {database}.information_schema.views where table_schema <> 'INFORMATION_SCHEMA'"""
COLUMNS = """select table_schema, table_name, column_name, ordinal_position, data_type, numeric_precision,
numeric_scale, is_nullable, comment
from {database}.information_schema.columns where table_schema <> 'INFORMATION_SCHEMA'"""
KINDS: dict[str, DatasetKind] = {"VIEW": "view", "MATERIALIZED VIEW": "materialized_view"}


def introspect(ask: Ask, database: str, namespaces: Sequence[str] | None) -> Iterator[DatasetInfo]:
    """`ask` runs a statement and answers with its rows, keys in lower case."""
    wanted = None if namespaces is None else {name.upper() for name in namespaces}
    tables = {_key(row): row for row in _rows(ask, TABLES, database, wanted)}
    views = {_key(row): row for row in _rows(ask, VIEWS, database, wanted)}
    columns: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in _rows(ask, COLUMNS, database, wanted):
        columns[_key(row)].append(row)
    keys = _primary_keys(ask, database, {schema for schema, _ in tables})
    for key in sorted(tables | views):
        table, view = tables.get(key), views.get(key)
        # The emulator lists views only as views, Snowflake as both.
        facts: Row = {**(view or {}), **(table or {"table_type": "VIEW"})}
        yield DatasetInfo(
            path=(database, *key),
            kind=KINDS.get(facts["table_type"], "table"),
            columns=_columns(columns[key], keys.get(key, set())),
            comment=facts.get("comment") or "",
            row_count=_count(ask, database, facts),
            size_bytes=int(facts["bytes"]) if facts.get("bytes") else None,
            definition=(view or {}).get("view_definition") or "",
            changed_at=_moment(facts.get("last_altered")),
        )


def named(ask: Ask, database: str) -> dict[tuple[str, ...], bool]:
    """All that the account sees, and it sees nothing else."""
    return {(database, *_key(row)): True for row in _rows(ask, TABLES, database, None)}


def _rows(ask: Ask, text: str, database: str, wanted: set[str] | None) -> list[Row]:
    rows = ask(Sql(text.format(database=quote(database))))
    return [row for row in rows if wanted is None or row["table_schema"].upper() in wanted]


def _key(row: Row) -> tuple[str, str]:
    return row["table_schema"], row["table_name"]


def _columns(rows: list[Row], keys: set[str]) -> tuple[ColumnInfo, ...]:
    return tuple(
        ColumnInfo(
            name=row["column_name"],
            type=_type(row),
            nullable=row["is_nullable"] == "YES" and row["column_name"] not in keys,
            position=int(row["ordinal_position"]),
            comment=row["comment"] or "",
            primary_key=row["column_name"] in keys,
        )
        for row in sorted(rows, key=lambda row: int(row["ordinal_position"]))
    )


def _type(row: Row) -> str:
    name = str(row["data_type"])
    if name == "NUMBER":
        return f"NUMBER({row['numeric_precision'] or 38},{row['numeric_scale'] or 0})"
    return "VARCHAR" if name == "TEXT" else name


def _count(ask: Ask, database: str, facts: Row) -> int | None:
    if facts["table_type"] != "BASE TABLE":
        return None
    if facts.get("bytes") or not facts.get("row_count"):
        return int(facts["row_count"]) if facts.get("row_count") is not None else None
    # The emulator knows no sizes, and its counts are estimates.
    table = quoted((database, *_key(facts)))
    return int(ask(Sql(f"select count(*) as n from {table}"))[0]["n"])  # noqa: S608 - quoted names


def _primary_keys(ask: Ask, database: str, schemas: set[str]) -> dict[tuple[str, str], set[str]]:
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for schema in schemas:
        try:
            rows = ask(Sql(f"show primary keys in schema {quoted((database, schema))}"))
        except StoreError as error:
            if error.retryable:
                raise
            continue  # keys are a courtesy: no right to see them, or an emulator that keeps none
        for row in rows:
            found[row["schema_name"], row["table_name"]].add(row["column_name"])
    return found


def _moment(value: datetime | None) -> datetime | None:
    """The emulator answers 1970."""
    return value.astimezone(UTC) if value and value.year > 1970 else None
