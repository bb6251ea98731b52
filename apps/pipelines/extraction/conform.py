"""Batches as a store gave them -> batches of the staged schema. Documents promise no types: what does not fit its
column becomes NULL and is counted, because one malformed document must not stop the rest."""

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa


WHOLE = frozenset({"object", "array", "json", "jsonb", "null"})


@dataclass
class Conformer:
    """`misfits` counts, by column, the values that were something and had to become NULL."""

    schema: "pa.Schema"
    json: frozenset[str] = frozenset()  # columns that become VARIANT: their text must be JSON
    misfits: Counter[str] = field(default_factory=Counter)

    def __call__(self, batch: "pa.RecordBatch") -> "pa.RecordBatch":
        import pyarrow as pa

        if not self.json and batch.schema.equals(self.schema, check_metadata=False):
            return batch.replace_schema_metadata(None)
        arrays = [self._column(batch, wanted) for wanted in self.schema]
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)

    def _column(self, batch: "pa.RecordBatch", wanted: "pa.Field") -> "pa.Array":
        import pyarrow as pa

        place = batch.schema.get_field_index(wanted.name)
        if place < 0:  # no document of this batch has the path
            return pa.nulls(batch.num_rows, wanted.type)
        array = batch.column(place)
        if wanted.name in self.json:
            return as_json(array, store_type(batch.schema.field(place)))
        if array.type == wanted.type:
            return array
        try:
            return array.cast(wanted.type)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            return self._one_by_one(array, wanted)

    def _one_by_one(self, array: "pa.Array", wanted: "pa.Field") -> "pa.Array":
        import pyarrow as pa

        values = [_cast(scalar, wanted.type) for scalar in array]
        lost = sum(1 for scalar, value in zip(array, values, strict=True) if scalar.is_valid and value is None)
        self.misfits[wanted.name] += lost
        return pa.array(values, wanted.type)


def as_json(array: "pa.Array", kind: str) -> "pa.Array":
    """Documents and arrays come as JSON text; a scalar in their place (documents promise nothing) must be quoted."""
    import pyarrow as pa

    if kind in WHOLE:
        return array.cast(pa.string())
    return pa.array([_json_text(value) for value in array.to_pylist()], pa.string())


def _json_text(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            json.loads(value)
        except ValueError:
            return json.dumps(value)
        return value
    return json.dumps(value, default=str)


def store_type(found: "pa.Field") -> str:
    """The store's own name of a column's type."""
    return str((found.metadata or {}).get(b"store_type", b"").decode())


def _cast(scalar: "pa.Scalar", wanted: "pa.DataType") -> object:
    import pyarrow as pa

    try:
        return scalar.cast(wanted).as_py()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None
