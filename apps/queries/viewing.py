"""Sorting and filtering a result that is there: the masked rows, never the store again."""

import re
from typing import TYPE_CHECKING, Any

from apps.queries.comparing import compared, counted, is_moment, is_number
from apps.queries.types import View
from apps.queries.values import shown, told

if TYPE_CHECKING:
    import pyarrow as pa

COMPARED = re.compile(r"(>=|<=|=|>|<)\s*(.*)")
COMPARISONS = {">=": "greater_equal", "<=": "less_equal", "=": "equal", ">": "greater", "<": "less"}


class BadView(Exception):
    """A column that is not there, or a comparison that its type does not have; `field` names the parameter."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


def viewed(table: "pa.Table", view: View) -> "pa.Table":
    """Rows that every filter keeps, in the order of one column, NULLs last. Raises BadView."""
    for number, text in view.filters:
        table = table.filter(kept(column_of(table, number, f"filter.{number}"), text, f"filter.{number}"))
    if view.sort is None:
        return table
    return table.take(order(column_of(table, view.sort, "sort"), descending=view.descending))


def column_of(table: "pa.Table", number: int, field: str) -> "pa.ChunkedArray":
    if number >= table.num_columns:
        raise BadView(field, f"There is no column {number}: they are counted from 0.")
    return table.column(number)


def kept(column: "pa.ChunkedArray", text: str, field: str) -> "pa.ChunkedArray | pa.Array":
    """`>=10`, `<2026-01-31`, `=paid` compare as the column's type does: numbers exactly, a day with all of itself;
    any other text is looked for in what is shown, whatever its case."""
    import pyarrow as pa
    import pyarrow.compute as pc

    said = COMPARED.fullmatch(text.strip())
    if said and (is_number(column.type) or is_moment(column.type)):
        try:
            return compared(column, said[1], said[2].strip())
        except ValueError:
            raise unfit(column, said[2], field) from None
    if said and said[2]:
        value = value_for(column, said[2].strip(), field)
        try:
            return pc.call_function(COMPARISONS[said[1]], [column, value])
        except pa.ArrowException:
            raise BadView(field, f"A column of the type {column.type} cannot be compared.") from None
    sought = text.casefold()
    texts = (shown(value) for value in told(column))
    return pa.array([text is not None and sought in text.casefold() for text in texts], pa.bool_())


def value_for(column: "pa.ChunkedArray", text: str, field: str) -> Any:
    import pyarrow as pa

    try:
        return pa.array([text]).cast(column.type)[0]
    except pa.ArrowException:
        raise unfit(column, text, field) from None


def unfit(column: "pa.ChunkedArray", text: str, field: str) -> BadView:
    return BadView(field, f"“{text[:40]}” cannot be compared with a column of the type {column.type}.")


def order(column: "pa.ChunkedArray", *, descending: bool) -> "pa.Array":
    """Where the rows come from, stable. What has no order of its own (lists, documents) goes by what is shown."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.types as kinds

    if kinds.is_nested(column.type):
        column = pa.chunked_array([[shown(value) for value in told(column)]], pa.string())
    if is_moment(column.type):
        column = counted(column)
    if kinds.is_null(column.type):
        return pa.array(range(len(column)), pa.uint64())
    keys = pa.table({"v": column, "n": range(len(column))})
    direction = "descending" if descending else "ascending"
    return pc.sort_indices(keys, sort_keys=[("v", direction, "at_end"), ("n", "ascending", "at_end")])
