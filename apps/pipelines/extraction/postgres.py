"""A window of a PostgreSQL table. Columns are cast where they are read, so that rows stream out as they are staged."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from apps.pipelines.definitions import Column, Extract
from apps.pipelines.extraction.conform import FIRST, LAST
from apps.pipelines.extraction.typing import postgres_cast
from apps.pipelines.windows import Window
from portal.stores.types import Sql

# What arrives without a cast, because its type only has to become wider.
NARROWER = {"bigint": ("int2", "int4", "int8"), "double precision": ("float4", "float8")}


def head(extract: Extract) -> Sql:
    """The newest row and the store's clock; no row when the table is empty."""
    order = ", ".join(f"{name(column)} desc" for column in _order(extract))
    key = f"{name(extract.keys[0])}::text" if len(extract.keys) == 1 else "''"
    return Sql(
        f"select {name(extract.cursor)}::timestamptz as at, {key} as key, clock_timestamp() as clock "  # noqa: S608
        f"from {table(extract)} where {_usable(extract)} order by {order} limit 1"
    )


def _usable(extract: Extract) -> str:
    """Not `isfinite`: as two bounds it is a range of the index on the cursor."""
    return f"{name(extract.cursor)} >= {moment(FIRST)} and {name(extract.cursor)} <= {moment(LAST)}"


def _useless(extract: Extract) -> str:
    at = name(extract.cursor)
    return f"({at} is null or {at} < {moment(FIRST)} or {at} > {moment(LAST)})"


def count_left_out(extract: Extract) -> Sql:
    return Sql(f"select count(*) as n from {table(extract)} where {_useless(extract)}")  # noqa: S608 - as above


def left_out(extract: Extract, limit: int) -> Sql:
    """Keys of rows without a usable cursor."""
    keys = ", ".join(f"{name(key)}::text" for key in extract.keys)
    return Sql(
        f"select {keys} from {table(extract)} where {_useless(extract)} "  # noqa: S608 - as above
        f"order by {', '.join(map(name, extract.keys))} limit {limit:d}"
    )


def columns(extract: Extract) -> Sql:
    """An empty answer that carries the names of the table's columns."""
    return Sql(f"select * from {table(extract)} limit 0")  # noqa: S608 - names from the definition, quoted


def rows(extract: Extract, window: Window, types: Mapping[str, str], *, part: str = "") -> Sql:
    """`types` are the store's own names of the types of the table's columns; `part` a condition that leaves one range
    of the window."""
    select = ", ".join(f"{_value(column, types)} as {name(column.target)}" for column in extract.columns)
    # Literals, not parameters: COPY takes none, and a cursor instead of COPY reads at less than half the speed.
    where = " and ".join([*_within(extract, window), *([part] if part else [])])
    return Sql(f"select {select} from {table(extract)} where {where}")  # noqa: S608 - as above


def _value(column: Column, types: Mapping[str, str]) -> str:
    if types.get(column.source) in NARROWER.get(postgres_cast(column.type), ()):
        return name(column.source)  # Arrow widens a whole column in the time that the server takes for some rows
    if column.type == "VARCHAR" and types.get(column.source) == "bpchar":
        return name(column.source)  # the conformer trims it, for the same reason
    # An address cast to text would get a `/32` that nobody wrote.
    if column.type == "VARCHAR" and types.get(column.source) in ("inet", "cidr"):
        return f"abbrev({name(column.source)})"
    return f"{name(column.source)}::{postgres_cast(column.type)}"


def _within(extract: Extract, window: Window) -> Iterator[str]:
    """(cursor, key) as a row value: with the index on both, a window is one range of it."""
    if window.lower is None:
        yield f"{name(extract.cursor)} >= {moment(FIRST)}"
    at = name(extract.cursor)
    for operator, inclusive, position in ((">", ">=", window.lower), ("<=", "<=", window.upper)):
        if position is None:
            continue
        when = moment(position.at)
        if position.key:
            yield f"({at}, {name(extract.keys[0])}) {operator} ({when}, {literal(position.key)})"
        else:
            yield f"{at} {inclusive} {when}"


def _order(extract: Extract) -> tuple[str, ...]:
    return (extract.cursor, *extract.keys)


def table(extract: Extract) -> str:
    return ".".join(name(part) for part in extract.path)


def name(plain: str) -> str:
    return '"' + plain.replace('"', '""') + '"'


def moment(at: datetime) -> str:
    return f"{literal(at.isoformat())}::timestamptz"


def literal(value: str) -> str:
    if "\\" in value or "\0" in value:
        raise ValueError("a key with a backslash cannot bound a window")
    return "'" + value.replace("'", "''") + "'"
