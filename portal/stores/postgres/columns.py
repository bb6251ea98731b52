"""Which Arrow type a PostgreSQL column becomes, and how it gets there."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

STORE_TYPE = b"store_type"
SIMPLE = {
    "bool": pa.bool_(),
    "int2": pa.int16(),
    "int4": pa.int32(),
    "int8": pa.int64(),
    "float4": pa.float32(),
    "float8": pa.float64(),
    "text": pa.string(),
    "varchar": pa.string(),
    "bpchar": pa.string(),
    "name": pa.string(),
    "date": pa.date32(),
    "time": pa.time64("us"),
    "timestamp": pa.timestamp("us"),
    "timestamptz": pa.timestamp("us", "UTC"),
    "bytea": pa.binary(),
}
JSON = ("json", "jsonb")
MAX_PRECISION = 38
# What the server says of such an array, in an error that quotes it.
SEVERAL_DIMENSIONS = "an array of several dimensions"


@dataclass(frozen=True)
class Column:
    """`asked` is what the server must be asked for instead of the column itself (`{}`), where ADBC has no twin."""

    name: str
    store_type: str
    type: pa.DataType
    asked: str = ""

    @property
    def field(self) -> pa.Field:
        return pa.field(self.name, self.type, metadata={STORE_TYPE: self.store_type.encode()})


def column(name: str, store_type: str, typmod: int) -> Column:
    if store_type == "numeric":
        return Column(name, store_type, _numeric(typmod))
    if store_type in JSON:
        return Column(name, store_type, pa.string())
    if store_type.startswith("_") and store_type[1:] in SIMPLE:
        return Column(name, store_type, pa.list_(SIMPLE[store_type[1:]]), one_dimension(store_type[1:]))
    if store_type in SIMPLE:
        return Column(name, store_type, SIMPLE[store_type])
    # A cast of inet to text adds a mask that its own output does not show.
    return Column(name, store_type, pa.string(), "abbrev({})" if store_type == "inet" else "{}::text")


def one_dimension(element: str) -> str:
    """An array's type does not tell its dimensions, and both drivers' lists have one: the server refuses the rest.

    Not a constant, which the planner would evaluate for arrays that are fine.
    """
    refused = f"('{SEVERAL_DIMENSIONS}' || left(array_ndims({{0}})::text, 0))::{element}[]"
    return f"case when array_ndims({{0}}) > 1 then {refused} else {{0}} end"


def _numeric(typmod: int) -> pa.DataType:
    """numeric(p, s) has an exact twin; a numeric without limits has none that fits every value, so it stays text."""
    if typmod < 4:
        return pa.string()
    precision, scale = (typmod - 4) >> 16 & 0xFFFF, (typmod - 4) & 0x7FF
    if precision > MAX_PRECISION or scale > precision:
        return pa.string()
    return pa.decimal128(precision, scale)


def schema_of(columns: Sequence[Column]) -> pa.Schema:
    return pa.schema([column.field for column in columns])


def from_adbc_schema(schema: pa.Schema) -> tuple[Column, ...]:
    return tuple(_from_field(field) for field in schema)


def _from_field(field: pa.Field) -> Column:
    metadata = field.metadata or {}
    store_type = metadata.get(b"POSTGRESQL:type", b"").decode()
    return column(field.name, store_type, int(metadata.get(b"POSTGRESQL:typmod", b"-1")))


def convert(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """Raises pa.ArrowInvalid for a value without an Arrow twin (`NaN` in a numeric column)."""
    arrays = [_convert(array, field.type) for array, field in zip(batch.columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _convert(array: pa.Array, target: pa.DataType) -> pa.Array:
    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    return array if array.type == target else pc.cast(array, target)


def wrapped(text: str, columns: Sequence[Column], quote: Callable[[str], str]) -> str:
    """The query with the columns that need it cast to text by the server, in the same order, under the same names."""
    names = [f"c{number}" for number in range(1, len(columns) + 1)]
    outputs = [
        f"{(column.asked or '{}').format(name)} as {quote(column.name)}"
        for name, column in zip(names, columns, strict=True)
    ]
    # The text is a whole query that was sent for parsing on its own before, so it cannot close the bracket.
    return f"select {', '.join(outputs)} from (\n{text}\n) as portico_rows({', '.join(names)})"  # noqa: S608
