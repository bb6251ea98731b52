"""Conditions like `>=10` and `<2025-03-01` on a column of numbers or moments."""

import datetime as dt
import re
from decimal import Decimal
from typing import TYPE_CHECKING

from apps.queries.values import EPOCH, IN_ONE_SECOND

if TYPE_CHECKING:
    import pyarrow as pa

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)", re.ASCII)
DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
WIDEST = (76, 38)  # digits in all and behind the point: holds every number that a store has
MICROSECOND = dt.timedelta(microseconds=1)
# PostgreSQL's infinity, as the driver counts it: before all other moments (`values.INFINITE`).
ENDLESS_DAY, ENDLESS_MOMENT = -2_147_472_692, -9_222_425_352_054_775_809


def is_number(kind: "pa.DataType") -> bool:
    import pyarrow.types as kinds

    return bool(kinds.is_integer(kind) or kinds.is_floating(kind) or kinds.is_decimal(kind))


def is_moment(kind: "pa.DataType") -> bool:
    import pyarrow.types as kinds

    return is_day(kind) or bool(kinds.is_timestamp(kind))


def compared(column: "pa.ChunkedArray", operator: str, text: str) -> "pa.ChunkedArray":
    """Per row whether it is so; NULL where the value is. Raises ValueError where the text is no value of this kind."""
    import pyarrow as pa

    try:
        if is_number(column.type):
            return compared_number(column, operator, text)
        return compared_moment(column, operator, text)
    except (OverflowError, pa.ArrowException):
        raise ValueError(text) from None


def compared_number(column: "pa.ChunkedArray", operator: str, text: str) -> "pa.ChunkedArray":
    """Exactly, unless the column itself holds floats."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.types as kinds

    if not NUMBER.fullmatch(text):
        raise ValueError
    exact = not kinds.is_floating(column.type)
    kind = pa.decimal256(*WIDEST) if exact else pa.float64()
    value = pa.scalar(Decimal(text) if exact else float(text), kind)
    tests = {">=": pc.greater_equal, "<=": pc.less_equal, ">": pc.greater, "<": pc.less, "=": pc.equal}
    return tests[operator](column.cast(kind), value)


def compared_moment(column: "pa.ChunkedArray", operator: str, text: str) -> "pa.ChunkedArray":
    """A day stands for all of itself: `=` is within it, `>` after it, `<=` until its end."""
    import pyarrow.compute as pc

    begin, end = span_of_days(text) if is_day(column.type) else span(text, IN_ONE_SECOND[column.type.unit])
    count = counted(column)
    if operator == "=":
        return pc.and_(pc.greater_equal(count, begin), pc.less(count, end))
    edge = begin if operator in (">=", "<") else end
    return pc.greater_equal(count, edge) if operator in (">=", ">") else pc.less(count, edge)


def is_day(kind: "pa.DataType") -> bool:
    import pyarrow.types as kinds

    return bool(kinds.is_date32(kind))


def counted(column: "pa.ChunkedArray") -> "pa.ChunkedArray":
    """Days or parts of a second since 1970, in order: infinity comes after all other moments."""
    import pyarrow as pa
    import pyarrow.compute as pc

    whole, endless = (pa.int32(), ENDLESS_DAY) if is_day(column.type) else (pa.int64(), ENDLESS_MOMENT)
    count = column.cast(whole)
    return pc.if_else(pc.equal(count, endless), pa.scalar(2 ** (whole.bit_width - 1) - 1, whole), count)


def span_of_days(text: str) -> tuple[int, int]:
    if not DAY.fullmatch(text):
        raise ValueError
    day = dt.date.fromisoformat(text).toordinal() - EPOCH
    return day, day + 1


def span(text: str, in_one_second: int) -> tuple[int, int]:
    """First and past the last moment, counted in parts of a second since 1970. Without a zone it is UTC."""
    moment = dt.datetime.fromisoformat(text)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    since = (moment - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // MICROSECOND
    length = 86_400_000_000 if DAY.fullmatch(text) else 1
    begin, end = (-(-one * in_one_second // 1_000_000) for one in (since, since + length))
    return begin, end
