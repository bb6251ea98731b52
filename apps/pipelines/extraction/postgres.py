"""A window of a PostgreSQL table. Columns are cast where they are read, so that rows stream out as they are staged."""

from collections.abc import Iterator, Mapping

from apps.pipelines.definitions import Column, Extract
from apps.pipelines.extraction.typing import postgres_cast
from apps.pipelines.windows import Window
from portal.stores.types import Sql


def head(extract: Extract) -> Sql:
    """The newest row and the store's clock; no row when the table is empty."""
    order = ", ".join(f"{_name(name)} desc" for name in _order(extract))
    key = f"{_name(extract.keys[0])}::text" if len(extract.keys) == 1 else "''"
    return Sql(
        f"select {_name(extract.cursor)}::timestamptz as at, {key} as key, clock_timestamp() as clock "  # noqa: S608
        f"from {_table(extract)} where {_name(extract.cursor)} is not null order by {order} limit 1"
    )


def columns(extract: Extract) -> Sql:
    """An empty answer that carries the names of the table's columns."""
    return Sql(f"select * from {_table(extract)} limit 0")  # noqa: S608 - names from the definition, quoted


def rows(extract: Extract, window: Window, types: Mapping[str, str]) -> Sql:
    """`types` are the store's own names of the types of the table's columns."""
    select = ", ".join(f"{_value(column, types)} as {_name(column.target)}" for column in extract.columns)
    # Literals, not parameters: COPY takes none, and a cursor instead of COPY reads at less than half the speed.
    where = " and ".join(_within(extract, window))
    return Sql(f"select {select} from {_table(extract)} where {where}")  # noqa: S608 - as above


def _value(column: Column, types: Mapping[str, str]) -> str:
    # An address cast to text would get a `/32` that nobody wrote.
    if column.type == "VARCHAR" and types.get(column.source) in ("inet", "cidr"):
        return f"abbrev({_name(column.source)})"
    return f"{_name(column.source)}::{postgres_cast(column.type)}"


def _within(extract: Extract, window: Window) -> Iterator[str]:
    """(cursor, key) as a row value: with the index on both, a window is one range of it."""
    at = _name(extract.cursor)
    for operator, inclusive, position in ((">", ">=", window.lower), ("<=", "<=", window.upper)):
        if position is None:
            continue
        moment = f"{_literal(position.at.isoformat())}::timestamptz"
        if position.key:
            yield f"({at}, {_name(extract.keys[0])}) {operator} ({moment}, {_literal(position.key)})"
        else:
            yield f"{at} {inclusive} {moment}"


def _order(extract: Extract) -> tuple[str, ...]:
    return (extract.cursor, *extract.keys)


def _table(extract: Extract) -> str:
    return ".".join(_name(part) for part in extract.path)


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(value: str) -> str:
    if "\\" in value or "\0" in value:
        raise ValueError("a key with a backslash cannot bound a window")
    return "'" + value.replace("'", "''") + "'"
