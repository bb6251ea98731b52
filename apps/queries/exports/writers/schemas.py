"""The schema of a file for programs: names of its own for columns that share one, and the mark as metadata."""

import json
from typing import TYPE_CHECKING

from apps.queries.exports.types import MARK_COLUMN, Export

if TYPE_CHECKING:
    import pyarrow as pa


def schema_of(export: Export) -> "pa.Schema":
    import pyarrow as pa

    names = distinct([column.name for column in export.columns])
    kinds = [field.type for field in export.schema]
    told = {
        MARK_COLUMN: export.mark.short,
        "portico": json.dumps({**export.mark.facts, "truncated": export.truncated, "masked": masked(export)}),
    }
    return pa.schema(list(zip(names, kinds, strict=True)), metadata=told)


def masked(export: Export) -> list[int]:
    """Columns, counted from 1, of which at least a part is masked."""
    return [number for number, column in enumerate(export.columns, 1) if column.masked]


def distinct(names: list[str]) -> list[str]:
    """`id, id, id_2` becomes `id, id_3, id_2`: readers find columns by name."""
    taken, found = set(names), []
    for at, name in enumerate(names):
        own, number = name, 2
        if name in names[:at]:
            while (own := f"{name}_{number}") in taken:
                number += 1
        taken.add(own)
        found.append(own)
    return found
