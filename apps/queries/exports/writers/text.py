"""CSV (RFC 4180) in UTF-8 with a byte order mark, without which Excel takes it for another alphabet.

Every text stands in quotation marks and is harmless; a number never does. NULL is an empty field, an empty text two
quotation marks. The last column is the mark.
"""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

from apps.queries.exports.cells import Cell, cells
from apps.queries.exports.harmless import harmless
from apps.queries.exports.types import MARK_COLUMN, Export

if TYPE_CHECKING:
    import pyarrow as pa

BOM = "\ufeff"
END = "\r\n"


def write(export: Export) -> Iterator[bytes]:
    mark = quoted(harmless(export.mark.short))
    heads = [*(harmless(column.name) for column in export.columns), MARK_COLUMN]
    yield (BOM + ",".join(map(quoted, heads)) + END).encode()
    for table in export.tables:
        yield lines(table, mark).encode()


def lines(table: "pa.Table", mark: str) -> str:
    columns = [[field(cell) for cell in cells(column)] for column in table.columns]
    marks = [mark] * table.num_rows
    return "".join(",".join(row) + END for row in zip(*columns, marks, strict=True))


def field(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str):
        return quoted(cell)
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, dt.date):
        return cell.isoformat()
    return format(cell, "f") if isinstance(cell, Decimal) else str(cell)


def quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
