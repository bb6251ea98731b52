"""Values of an answer as JSON tells them, also those that Python's own types cannot hold."""

import datetime as dt
import json
import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

EPOCH = dt.date(1970, 1, 1).toordinal()
NEAR = (dt.date.min.toordinal() - EPOCH, dt.date.max.toordinal() - EPOCH)
DAY_S = 86_400
EXACT = 2**53  # up to which a float that is a whole number is shown as one
IN_ONE_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
CYCLE_YEARS, CYCLE_DAYS = 400, 146_097  # after which the calendar repeats itself
# PostgreSQL's infinities are the ends of its integers, counted from 2000. Its driver counts them from 1970, and they
# wrap around to days that no store has.
INFINITE = {
    -2_147_472_692: "infinity",
    -2_147_472_691: "-infinity",
    -9_222_425_352_054_775_809: "infinity",
    -9_222_425_352_054_775_808: "-infinity",
}


def told(column: "pa.ChunkedArray") -> list[Any]:
    if holds_time(column.type) and not is_near(column):
        return [one(scalar) for scalar in column]
    return [plain(value) for value in column.to_pylist()]


def is_near(column: "pa.ChunkedArray") -> bool:
    """Whether Python can hold every moment of the column: all at once is thirty times as fast as one by one."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.types as kinds

    kind = column.type
    if kinds.is_date32(kind):
        whole, a_day = pa.int32(), 1
    elif kinds.is_timestamp(kind) and kind.unit != "ns":
        whole, a_day = pa.int64(), DAY_S * IN_ONE_SECOND[kind.unit]
    else:
        return False
    ends = pc.min_max(column.cast(whole)).as_py()
    return ends["min"] is None or (NEAR[0] <= ends["min"] // a_day and ends["max"] // a_day <= NEAR[1])


def holds_time(kind: "pa.DataType") -> bool:
    import pyarrow.types as kinds

    inner = (kind.field(place).type for place in range(kind.num_fields))
    return bool(kinds.is_temporal(kind)) or any(holds_time(one) for one in inner)


def one(scalar: Any) -> Any:
    import pyarrow.types as kinds

    kind = scalar.type
    if not scalar.is_valid:
        return None
    if kinds.is_list(kind) or kinds.is_large_list(kind):
        return [one(item) for item in scalar.values]
    if kinds.is_struct(kind):
        return {name: one(scalar[name]) for name in scalar}
    return far(scalar) or plain(scalar.as_py())


def far(scalar: Any) -> str:
    """A moment outside Python's years 1 to 9999, or midnight at the end of a day, as text; empty for all others."""
    import pyarrow.types as kinds

    kind = scalar.type
    if kinds.is_time(kind):
        return "24:00:00" if scalar.value == DAY_S * IN_ONE_SECOND[kind.unit] else ""
    if kinds.is_date32(kind):
        return far_day(scalar.value, scalar.value, "")
    if not kinds.is_timestamp(kind):
        return ""
    days, rest = divmod(scalar.value, DAY_S * IN_ONE_SECOND[kind.unit])
    clock = dt.datetime.min.replace(tzinfo=dt.UTC) + dt.timedelta(
        microseconds=rest * 1_000_000 // IN_ONE_SECOND[kind.unit]
    )
    return far_day(days, scalar.value, f"T{clock.time().isoformat()}+00:00")


def far_day(days: int, value: int, clock: str) -> str:
    """As PostgreSQL writes it: `99999-01-01`, `0044-03-15 BC`."""
    if NEAR[0] <= days <= NEAR[1]:
        return ""
    if value in INFINITE:
        return INFINITE[value]
    cycles, rest = divmod(days + EPOCH - 1, CYCLE_DAYS)
    near = dt.date.fromordinal(rest + 1)
    year = near.year + CYCLE_YEARS * cycles
    era = "" if year > 0 else " BC"
    return f"{year if year > 0 else 1 - year:04}-{near:%m-%d}{clock}{era}"


def plain(value: Any) -> Any:
    """Decimals as text, times in ISO 8601 with their zone (UTC where the store names none)."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dt.datetime):
        return (value if value.tzinfo else value.replace(tzinfo=dt.UTC)).isoformat()
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return nested(value)


def nested(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    return str(value)


def shown(value: Any) -> str | None:
    """What a page writes into a cell."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < EXACT:
        return str(int(value))
    if isinstance(value, bool | list | dict):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return str(value)
