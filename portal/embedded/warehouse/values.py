"""Answers as Snowflake gives them: NULL timestamps stay NULL, and sums of numbers stay exact."""

from typing import Any

import fakesnow.arrow
import fakesnow.transforms
import pyarrow as pa
import pyarrow.compute as pc
from fakesnow.transforms.transforms import _NUMERIC_ONLY_AGGS, _numeric_agg_col_name
from sqlglot import exp

to_struct = fakesnow.arrow.timestamp_to_sf_struct


def timestamps(column: Any) -> Any:
    """fakesnow's own forgets which values were NULL, and they arrive as 1970."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if not array.null_count:
        return to_struct(array)
    struct = to_struct(pc.fill_null(array, pa.scalar(0, pa.int64()).cast(array.type)))
    return pa.StructArray.from_arrays(struct.flatten(), fields=list(struct.type), mask=pc.is_null(array))


def aggregate_names(expression: Any) -> Any:
    """fakesnow's own casts what is summed to DOUBLE, in case it were text: NUMBER would no longer be exact."""
    if isinstance(expression, _NUMERIC_ONLY_AGGS) and isinstance(expression.parent, exp.Select):
        return exp.alias_(expression, _numeric_agg_col_name(expression, expression.this), quoted=True)
    return expression


def mend_values() -> None:
    fakesnow.arrow.timestamp_to_sf_struct = timestamps
    fakesnow.transforms.numeric_agg_implicit_cast = aggregate_names
