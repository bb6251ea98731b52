"""Documents to Arrow columns and back: the type of a column is what its values in the batch have in common."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

import pyarrow as pa
from bson import json_util
from bson.binary import Binary, UuidRepresentation
from bson.datetime_ms import DatetimeMS
from bson.decimal128 import Decimal128
from bson.int64 import Int64
from bson.objectid import ObjectId
from bson.regex import Regex
from bson.timestamp import Timestamp

STORE_TYPE = b"store_type"
JSON = json_util.JSONOptions(
    json_mode=json_util.JSONMode.RELAXED, tz_aware=True, uuid_representation=UuidRepresentation.STANDARD
)
# Python's type of a value, as pymongo gives it, to MongoDB's own name. Bool before int: it is one.
NAMES: tuple[tuple[type, str], ...] = (
    (bool, "bool"),
    (Int64, "long"),
    (int, "int"),
    (float, "double"),
    (str, "string"),
    (datetime, "date"),
    (ObjectId, "objectId"),
    (Decimal128, "decimal"),
    (UUID, "uuid"),
    (Mapping, "object"),
    (list, "array"),
    (bytes, "binData"),
    (DatetimeMS, "date"),
    (Timestamp, "timestamp"),
    (Regex, "regex"),
)
EXACT_IN_DOUBLE = 2**53
NUMBERS = frozenset({"int", "long", "double", "decimal"})


def name_of(value: object) -> str:
    if value is None:
        return "null"
    return next((name for kind, name in NAMES if isinstance(value, kind)), type(value).__name__.lower())


def to_batch(documents: Sequence[Mapping[str, Any]]) -> pa.RecordBatch:
    """Columns in the order in which their keys first appear. A key that a document lacks is NULL there."""
    keys = dict.fromkeys(key for document in documents for key in document)
    arrays, fields = [], []
    for key in keys:
        array, store_type = _array([document.get(key) for document in documents])
        arrays.append(array)
        fields.append(pa.field(key, array.type, metadata={STORE_TYPE: store_type.encode()}))
    return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields))


def _array(values: list[Any]) -> tuple[pa.Array, str]:
    names = {name_of(value) for value in values} - {"null"}
    if len(names) == 1:
        return _of_one_type(values, next(iter(names)))
    if names and names <= NUMBERS:
        return _of_numbers(values, names)
    if not names:
        return pa.nulls(len(values), pa.string()), "null"
    return _texts(values), "mixed"


def _of_one_type(values: list[Any], name: str) -> tuple[pa.Array, str]:
    if name in ("int", "long"):
        return pa.array(values, pa.int64()), name
    if name == "double":
        return pa.array(values, pa.float64()), name
    if name == "bool":
        return pa.array(values, pa.bool_()), name
    if name == "decimal":
        return _decimals(values), name
    if name == "binData":
        return pa.array([None if value is None else bytes(value) for value in values], pa.binary()), name
    if name == "date" and not any(isinstance(value, DatetimeMS) for value in values):
        return pa.array(values, pa.timestamp("us", "UTC")), name
    return _texts(values), name


def _of_numbers(values: list[Any], names: set[str]) -> tuple[pa.Array, str]:
    """The narrowest type that holds them all exactly; text where there is none."""
    if "decimal" in names:
        return (_decimals(values), "decimal") if "double" not in names else (_texts(values), "mixed")
    if "double" not in names:
        return pa.array(values, pa.int64()), "long"
    if any(isinstance(value, int) and abs(value) > EXACT_IN_DOUBLE for value in values):
        return _texts(values), "mixed"
    return pa.array([None if value is None else float(value) for value in values], pa.float64()), "double"


def _decimals(values: list[Any]) -> pa.Array:
    numbers = [value.to_decimal() if isinstance(value, Decimal128) else value for value in values]
    try:
        return pa.array([None if number is None else Decimal(number) for number in numbers])
    except (pa.ArrowInvalid, OverflowError):  # NaN, or more digits than decimal128 and 256 have
        return _texts(values)


def _texts(values: Iterable[Any]) -> pa.Array:
    return pa.array([None if value is None else as_text(value) for value in values], pa.string())


def as_text(value: Any) -> str:
    """Scalars as people write them; documents, arrays and the rare rest as relaxed extended JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | ObjectId | Decimal128 | UUID):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, DatetimeMS):
        return f"{int(value)} ms"
    return str(json_util.dumps(value, json_options=JSON, ensure_ascii=False))


def from_batch(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    """Fields whose `store_type` says object, array or objectId are read back from their text; a single field of the
    type `document` is the whole document as extended JSON. NULL stays null."""
    if [_store_type(field) for field in batch.schema] == ["document"]:
        return [json_util.loads(text, json_options=JSON) for text in batch.column(0).to_pylist()]
    names = batch.schema.names
    columns = [
        [_to_bson(value, _store_type(field), field.type) for value in array.to_pylist()]
        for array, field in zip(batch.columns, batch.schema, strict=True)
    ]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _store_type(field: pa.Field) -> str:
    return str((field.metadata or {}).get(STORE_TYPE, b"").decode())


def _to_bson(value: Any, store_type: str, arrow: pa.DataType) -> Any:
    if value is None:
        return None
    if store_type in ("object", "array"):
        return json_util.loads(value, json_options=JSON)
    if store_type == "objectId":
        return ObjectId(value)
    if arrow == pa.int64():  # or a small number would become an int, and a validator that asks for a long refuse it
        return Int64(value)
    if isinstance(value, Decimal):
        return Decimal128(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime.combine(value, time.min, UTC)
    return Binary(value) if isinstance(value, bytes) else value


def as_json(value: Any) -> str:
    return json.dumps(value, default=str, ensure_ascii=False, sort_keys=True)
