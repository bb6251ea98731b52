"""What a database of the warehouse holds, from its INFORMATION_SCHEMA. Never a value."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from portal.stores.snowflake.load import quote, quoted
from portal.stores.types import ColumnInfo, DatasetInfo, DatasetKind, KeyInfo, Sql, StoreError

Row = dict[str, Any]
Ask = Callable[[Sql], list[Row]]
TABLES = """select table_schema, table_name, table_type, row_count, bytes, comment, last_altered
from {database}.information_schema.tables where table_schema <> 'INFORMATION_SCHEMA'"""
VIEWS = """select table_schema, table_name, view_definition, comment
from {database}.information_schema.views where table_schema <> 'INFORMATION_SCHEMA'"""
COLUMNS = """select table_schema, table_name, column_name, ordinal_position, data_type, numeric_precision,
numeric_scale, is_nullable, comment
from {database}.information_schema.columns where table_schema <> 'INFORMATION_SCHEMA'"""
KeyKind = Literal["primary", "unique", "foreign"]
SHOWN: dict[KeyKind, str] = {"primary": "primary keys", "unique": "unique keys", "foreign": "imported keys"}
CONSTRAINT: dict[KeyKind, str] = {"primary": "constraint_name", "unique": "constraint_name", "foreign": "fk_name"}
KINDS: dict[str, DatasetKind] = {"VIEW": "view", "MATERIALIZED VIEW": "materialized_view"}


def introspect(ask: Ask, database: str, namespaces: Sequence[str] | None) -> Iterator[DatasetInfo]:
    """`ask` runs a statement and answers with its rows, keys in lower case."""
    wanted = None if namespaces is None else {name.upper() for name in namespaces}
    tables = {_key(row): row for row in _rows(ask, TABLES, database, wanted)}
    views = {_key(row): row for row in _rows(ask, VIEWS, database, wanted)}
    columns: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in _rows(ask, COLUMNS, database, wanted):
        columns[_key(row)].append(row)
    keys = _keys(ask, database, {schema for schema, _ in tables})
    for key in sorted(tables | views):
        table, view = tables.get(key), views.get(key)
        # The emulator lists views only as views, Snowflake as both.
        facts: Row = {**(view or {}), **(table or {"table_type": "VIEW"})}
        yield DatasetInfo(
            path=(database, *key),
            kind=KINDS.get(facts["table_type"], "table"),
            columns=_columns(columns[key], keys[key]),
            comment=facts.get("comment") or "",
            row_count=_count(ask, database, facts),
            size_bytes=int(facts["bytes"]) if facts.get("bytes") else None,
            keys=tuple(keys[key]),
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


def _columns(rows: list[Row], listed: list[KeyInfo]) -> tuple[ColumnInfo, ...]:
    keys = {name for key in listed if key.kind == "primary" for name in key.columns}
    foreign = {
        mine: ".".join([*key.references, theirs])
        for key in listed
        for mine, theirs in zip(key.columns, key.to, strict=False)
    }
    return tuple(
        ColumnInfo(
            name=row["column_name"],
            type=_type(row),
            nullable=row["is_nullable"] == "YES" and row["column_name"] not in keys,
            position=int(row["ordinal_position"]),
            comment=row["comment"] or "",
            primary_key=row["column_name"] in keys,
            references=foreign.get(row["column_name"], ""),
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


def _keys(ask: Ask, database: str, schemas: set[str]) -> dict[tuple[str, str], list[KeyInfo]]:
    """The warehouse lists a key as one row for each of its columns, in their order."""
    found: dict[tuple[str, str], list[KeyInfo]] = defaultdict(list)
    for schema in sorted(schemas):
        for kind, words in SHOWN.items():
            parts: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
            for row in _shown(ask, f"show {words} in schema {quoted((database, schema))}"):
                mine = "fk_" if kind == "foreign" else ""
                at = (row[f"{mine}schema_name"], row[f"{mine}table_name"], row.get(CONSTRAINT[kind]) or "")
                parts[at].append(row)
            for (_, table, _), rows in parts.items():
                found[schema, table].append(_key_of(kind, rows))
    return found


def _shown(ask: Ask, text: str) -> list[Row]:
    try:
        rows = ask(Sql(text))
    except StoreError as error:
        if error.retryable:
            raise
        return []  # keys are a courtesy: no right to see them, or an emulator that keeps none
    # The emulator lists primary keys among the imported ones, as keys of no table.
    real = [row for row in rows if row.get("pk_table_name", "told") != ""]
    return sorted(real, key=lambda row: int(row.get("key_sequence") or 0))


def _key_of(kind: KeyKind, rows: list[Row]) -> KeyInfo:
    if kind != "foreign":
        return KeyInfo(kind, tuple(row["column_name"] for row in rows))
    return KeyInfo(
        kind,
        tuple(row["fk_column_name"] for row in rows),
        (rows[0]["pk_schema_name"], rows[0]["pk_table_name"]),
        tuple(row["pk_column_name"] for row in rows),
    )


def _moment(value: datetime | None) -> datetime | None:
    """The emulator answers 1970."""
    return value.astimezone(UTC) if value and value.year > 1970 else None
