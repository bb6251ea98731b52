"""Cells of a sheet: numbers, truth values and days as they are, all else as harmless text."""

import datetime as dt
import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from apps.queries.comparing import is_day, is_number
from apps.queries.exports.harmless import harmless
from apps.queries.values import is_near, shown, told

if TYPE_CHECKING:
    import pyarrow as pa

Cell = int | float | Decimal | bool | dt.date | str | None


def cells(column: "pa.ChunkedArray") -> list[Cell]:
    """By the column's type and never by how a value looks: `-5` is a number in a column of numbers alone."""
    import pyarrow.types as kinds

    if is_number(column.type):
        return [number(value) for value in column.to_pylist()]
    if kinds.is_boolean(column.type) or (is_day(column.type) and is_near(column)):
        return list(column.to_pylist())
    return [text(value) for value in told(column)]


def number(value: int | float | Decimal | None) -> Cell:
    if isinstance(value, float) and not math.isfinite(value):
        return harmless(str(value))
    return value


def text(value: Any) -> str | None:
    known = shown(value)
    return known if known is None else harmless(known)
