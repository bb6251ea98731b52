"""The warehouse's types, and what they are on the way there: Arrow when staged, casts when read."""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from apps.pipelines.definitions import Column

if TYPE_CHECKING:
    import pyarrow as pa

NUMBER = re.compile(r"NUMBER\((\d+),\s*(\d+)\)")


class UnknownType(ValueError):
    """A definition names a type that cannot be staged."""


def arrow_type(warehouse_type: str) -> "pa.DataType":
    import pyarrow as pa

    simple: dict[str, Any] = {
        "VARCHAR": pa.string(),
        "VARIANT": pa.string(),
        "BOOLEAN": pa.bool_(),
        "DATE": pa.date32(),
        "DOUBLE": pa.float64(),
        "FLOAT": pa.float64(),
        "TIMESTAMP_TZ": pa.timestamp("us", "UTC"),
        "TIMESTAMP_NTZ": pa.timestamp("us"),
    }
    if number := NUMBER.fullmatch(warehouse_type):
        precision, scale = int(number[1]), int(number[2])
        return pa.decimal128(precision, scale) if scale else pa.int64()
    if warehouse_type not in simple:
        raise UnknownType(f"{warehouse_type} is no type that can be staged.")
    return simple[warehouse_type]


def postgres_cast(warehouse_type: str) -> str:
    """What PostgreSQL casts to, so that `inet`, `char(3)` or a numeric without scale arrive as what is staged."""
    simple = {
        "VARCHAR": "text",
        "VARIANT": "text",
        "BOOLEAN": "boolean",
        "DATE": "date",
        "DOUBLE": "double precision",
        "FLOAT": "double precision",
        "TIMESTAMP_TZ": "timestamptz",
        "TIMESTAMP_NTZ": "timestamp",
    }
    if number := NUMBER.fullmatch(warehouse_type):
        return f"numeric({number[1]},{number[2]})" if int(number[2]) else "bigint"
    if warehouse_type not in simple:
        raise UnknownType(f"{warehouse_type} is no type that can be staged.")
    return simple[warehouse_type]


def landing_type(warehouse_type: str) -> str:
    """JSON text lands as text; it becomes a VARIANT on its way into the table."""
    return "VARCHAR" if warehouse_type == "VARIANT" else warehouse_type


def stage_schema(columns: Iterable[Column]) -> "pa.Schema":
    import pyarrow as pa

    return pa.schema([(column.target, arrow_type(column.type)) for column in columns])
