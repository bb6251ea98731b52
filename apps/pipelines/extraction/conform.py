"""Batches as a store gave them -> batches of the staged schema. What does not fit its column becomes NULL and is kept
as a reject, because one malformed value must not stop the rest; a row without a key or cursor is left out."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from apps.pipelines.extraction.rejects import KEPT, Reason, Rejects

if TYPE_CHECKING:
    import pyarrow as pa


WHOLE = frozenset({"object", "array", "json", "jsonb", "null"})
# PostgreSQL's infinity arrives wrapped around, far outside of these years, as do dates of its later millennia.
FIRST, LAST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)


@dataclass
class Conformer:
    """`keys` and `cursor` are columns of the schema: without them a row cannot be loaded."""

    schema: "pa.Schema"
    json: frozenset[str] = frozenset()  # columns that become VARIANT: their text must be JSON
    keys: tuple[str, ...] = ()
    cursor: str = ""
    rejects: Rejects = field(default_factory=Rejects)

    def __call__(self, batch: "pa.RecordBatch") -> "pa.RecordBatch":
        import pyarrow as pa

        found = [self._column(batch, wanted) for wanted in self.schema]
        whole = pa.RecordBatch.from_arrays([array for array, _, _ in found], schema=self.schema)
        for wanted, (_, lost, reason) in zip(self.schema, found, strict=True):
            if lost is not None:
                self._reject(whole, wanted.name, reason, lost)
        return self._complete(whole)

    def _column(self, batch: "pa.RecordBatch", wanted: "pa.Field") -> "tuple[pa.Array, pa.Array | None, Reason]":
        """The column, and which of its values were something and are not any more; None: none."""
        import pyarrow as pa
        import pyarrow.compute as pc

        place = batch.schema.get_field_index(wanted.name)
        if place < 0:  # no document of this batch has the path
            return pa.nulls(batch.num_rows, wanted.type), None, "type"
        array = batch.column(place)
        if store_type(batch.schema.field(place)) == "bpchar":
            array = pc.ascii_rtrim(array, characters=" ")  # as its cast to text does: padding is no part of the value
        if wanted.name in self.json:
            return as_json(array, store_type(batch.schema.field(place))), None, "type"
        fitting, lost = _cast_column(array, wanted.type)
        if lost is None and pa.types.is_temporal(wanted.type):
            return *_within_calendar(fitting), "moment"
        return fitting, lost, "type"

    def _complete(self, batch: "pa.RecordBatch") -> "pa.RecordBatch":
        import pyarrow.compute as pc

        for column, reason in (*((key, "key") for key in self.keys), (self.cursor, "cursor")):
            missing = batch.column(column).null_count if column else 0
            if missing:
                absent = batch.column(column).is_null()
                self._reject(batch, column, "key" if reason == "key" else "cursor", absent)
                batch = batch.filter(pc.invert(absent))
        return batch

    def _reject(self, batch: "pa.RecordBatch", column: str, reason: Reason, lost: "pa.Array") -> None:
        import pyarrow.compute as pc

        count = pc.sum(lost).as_py() or 0
        if count:
            places = pc.indices_nonzero(lost)[:KEPT]
            self.rejects.add(column, reason, self._keys(batch, places), count=count)

    def _keys(self, batch: "pa.RecordBatch", places: "pa.Array") -> Iterator[tuple[Any, ...]]:
        rows = batch.select(list(self.keys)).take(places)
        yield from zip(*(array.to_pylist() for array in rows.columns), strict=True)


def _cast_column(array: "pa.Array", wanted: "pa.DataType") -> "tuple[pa.Array, pa.Array | None]":
    import pyarrow as pa
    import pyarrow.compute as pc

    if array.type == wanted:
        return array, None
    try:
        return array.cast(wanted), None
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        fitting = pa.array([_cast(scalar, wanted) for scalar in array], wanted)
        return fitting, pc.and_(array.is_valid(), fitting.is_null())


def _within_calendar(array: "pa.Array") -> "tuple[pa.Array, pa.Array | None]":
    """The years 1 to 9999: what the warehouse takes, and what Python can say."""
    import pyarrow as pa
    import pyarrow.compute as pc

    number = array.cast(pa.int32() if pa.types.is_date32(array.type) else pa.int64())
    first, last = _number(FIRST, array.type), _number(LAST, array.type)
    ends = pc.min_max(number)
    low, high = ends["min"].as_py(), ends["max"].as_py()
    if low is None or (low >= first and high <= last):
        return array, None
    outside = pc.fill_null(pc.or_(pc.less(number, first), pc.greater(number, last)), False)
    return pc.if_else(outside, pa.scalar(None, array.type), array), outside


def _number(at: datetime, kind: "pa.DataType") -> int:
    import pyarrow as pa

    if pa.types.is_date32(kind):
        return at.toordinal() - datetime(1970, 1, 1, tzinfo=UTC).toordinal()
    since = at - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


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
