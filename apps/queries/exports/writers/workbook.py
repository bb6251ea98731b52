"""A workbook of two sheets, "Result" and "About", written row by row in constant memory.

Texts are harmless, and text in their type as well. A number of more digits than Excel keeps is a text, so that none is
lost; days are Excel's days from 1900-03-01 on, moments texts in ISO 8601, because a sheet knows no time zone. A text
beyond what a cell holds is cut, says so at its end, and is counted on "About".
"""

import datetime as dt
import tempfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings

from apps.queries.exports.cells import Cell, cells
from apps.queries.exports.harmless import harmless
from apps.queries.exports.types import Export
from apps.queries.results import EXPORTING

CELL_UNITS = 32_767  # of UTF-16
CUT = " … [cut: longer than a cell of a sheet may be]"
DIGITS = 15
FIRST_DAY = dt.date(1900, 3, 1)  # Excel believes in a 29th of February before it
CHUNK = 256 * 1024
OPTIONS = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}


def write(export: Export) -> Iterator[bytes]:
    """A zip's parts are known at its end: the whole is made first, in a folder that only the portal reads."""
    with made(export) as file:
        while chunk := file.read(CHUNK):
            yield chunk


def made(export: Export) -> BinaryIO:
    """The finished file, which has no name any more: it goes when it is closed."""
    import xlsxwriter

    with tempfile.TemporaryDirectory(prefix=EXPORTING, dir=settings.RESULTS_DIR) as folder:
        path = Path(folder) / "export.xlsx"
        book = xlsxwriter.Workbook(str(path), {**OPTIONS, "tmpdir": folder})
        book.use_zip64()
        cut = Sheet(book, export).fill()
        about(book, export, cut)
        book.close()
        return path.open("rb")


class Sheet:
    """The rows. `cut` counts the cells that were too long."""

    def __init__(self, book: Any, export: Export) -> None:
        self.export = export
        self.sheet = book.add_worksheet("Result")
        self.head = book.add_format({"bold": True})
        self.day = book.add_format({"num_format": "yyyy-mm-dd"})
        self.cut = 0

    def fill(self) -> int:
        marked(self.sheet, self.export)
        self.sheet.freeze_panes(1, 0)
        for at, column in enumerate(self.export.columns):
            self.sheet.write_string(0, at, self.fitting(harmless(column.name)), self.head)
        number = 1
        for table in self.export.tables:
            for row in zip(*(cells(column) for column in table.columns), strict=True):
                for at, cell in enumerate(row):
                    self.put(number, at, cell)
                number += 1
        return self.cut

    def put(self, row: int, column: int, cell: Cell) -> None:
        if cell is None:
            return
        if isinstance(cell, str):
            self.sheet.write_string(row, column, self.fitting(cell))
        elif isinstance(cell, bool):
            self.sheet.write_boolean(row, column, cell)
        elif not isinstance(cell, dt.date):
            self.put_number(row, column, cell)
        elif cell >= FIRST_DAY:
            self.sheet.write_datetime(row, column, cell, self.day)
        else:
            self.sheet.write_string(row, column, cell.isoformat())

    def put_number(self, row: int, column: int, cell: int | float | Decimal) -> None:
        if isinstance(cell, float) or digits(cell) <= DIGITS:
            self.sheet.write_number(row, column, float(cell))
        else:
            self.sheet.write_string(row, column, format(cell, "f" if isinstance(cell, Decimal) else "d"))

    def fitting(self, text: str) -> str:
        if len(text) * 2 <= CELL_UNITS or units(text) <= CELL_UNITS:
            return text
        self.cut += 1
        room = (CELL_UNITS - len(CUT)) * 2
        return text.encode("utf-16-le")[:room].decode("utf-16-le", "ignore") + CUT


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def digits(number: int | Decimal) -> int:
    if isinstance(number, Decimal):
        return len(number.normalize().as_tuple().digits)
    return len(str(abs(number)))


def about(book: Any, export: Export, cut: int) -> None:
    """Who took it and what it is. Written last: only then is it known what did not fit."""
    sheet = book.add_worksheet("About")
    marked(sheet, export)
    sheet.set_column(0, 1, 40)
    for row, (name, value) in enumerate(told(export, cut)):
        sheet.write_string(row, 0, name)
        sheet.write_string(row, 1, value)


def told(export: Export, cut: int) -> Iterator[tuple[str, str]]:
    for name, value in export.mark.facts.items():
        yield name.replace("_", " ").capitalize(), harmless(value)
    yield "Rows", str(export.rows)
    yield "Complete", "no, cut off at the limit of the query" if export.truncated else "yes"
    yield "Cells too long for a sheet", f"{cut}, cut where they say so" if cut else "none"
    yield "Empty cells", "are NULL or an empty text"
    for number, column in enumerate(export.columns, 1):
        if column.masked:
            yield f"Masked: column {number}", harmless(column.reason)[:CELL_UNITS]


def marked(sheet: Any, export: Export) -> None:
    """On every printed page; `&` begins a field there, and 255 characters are all that fits."""
    words = export.mark.short.replace("&", "&&")
    sheet.set_header(f"&L{words[:240]}")
    sheet.set_footer("&LPortico export&RPage &P of &N")
