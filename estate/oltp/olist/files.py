"""The files, row by row. A row that cannot be read is set aside with its line and reason, and the next one is read.

`python -m estate.oltp.olist.files FOLDER` says what is wrong with a folder, with the standard library alone: a start
asks it before anything is installed.
"""

import csv
import hashlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from estate.types import Reject

T = TypeVar("T")
# A quote that is never closed must not swallow the file.
LINES_PER_ROW = 400
FILES = {
    "customers": (
        "olist_customers_dataset.csv",
        "customer_id customer_unique_id customer_zip_code_prefix customer_city customer_state",
    ),
    "sellers": ("olist_sellers_dataset.csv", "seller_id seller_zip_code_prefix seller_city seller_state"),
    "products": ("olist_products_dataset.csv", "product_id product_category_name"),
    "translation": (
        "product_category_name_translation.csv",
        "product_category_name product_category_name_english",
    ),
    "orders": (
        "olist_orders_dataset.csv",
        "order_id customer_id order_status order_purchase_timestamp order_approved_at order_delivered_carrier_date "
        "order_delivered_customer_date order_estimated_delivery_date",
    ),
    "payments": (
        "olist_order_payments_dataset.csv",
        "order_id payment_sequential payment_type payment_installments payment_value",
    ),
    "items": (
        "olist_order_items_dataset.csv",
        "order_id order_item_id product_id seller_id shipping_limit_date price freight_value",
    ),
    "reviews": (
        "olist_order_reviews_dataset.csv",
        "review_id order_id review_score review_comment_title review_comment_message review_creation_date "
        "review_answer_timestamp",
    ),
}  # fmt: skip


class BadFolder(Exception):
    """A folder, file or column that must be there is not; the message is one line for people."""


class Unfit(Exception):
    """A row cannot be taken. The message names columns and never values."""


@dataclass
class Row:
    line: int
    text: str
    values: dict[str, str]
    mended: list[str] = field(default_factory=list)

    def __getitem__(self, column: str) -> str:
        return self.values[column].strip()


@dataclass
class Folder:
    path: Path
    rejects: list[Reject] = field(default_factory=list)

    @classmethod
    def of(cls, path: Path) -> "Folder":
        """Raises BadFolder at once for what would stop the load later."""
        if not path.is_dir():
            raise BadFolder(f"There is no folder {path}.")
        if absent := [name for name, _ in FILES.values() if not (path / name).is_file()]:
            raise BadFolder(f"{path} has no file {', '.join(absent)}.")
        for name, columns in FILES.values():
            missing = [column for column in columns.split() if column not in header(path / name)]
            if missing:
                raise BadFolder(f"{path / name} has no column {', '.join(missing)}.")
        return cls(path)

    def digest(self) -> str:
        whole = hashlib.sha256()
        for name, _ in FILES.values():
            whole.update((self.path / name).read_bytes())
        return whole.hexdigest()

    def take(self, name: str, make: Callable[[Row], T]) -> list[T]:
        """What `make` makes of each row of a file; rows it finds unfit are set aside."""
        file, _ = FILES[name]
        made = []
        for row in self._rows(file):
            try:
                made.append(make(row))
            except Unfit as error:
                self._reject(file, row, str(error), "rejected")
                continue
            for reason in dict.fromkeys(row.mended):
                self._reject(file, row, reason, "mended")
        return made

    def _rows(self, file: str) -> Iterator[Row]:
        path = self.path / file
        names = header(path)
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as source:
            lines = source.readlines()
        at = 1
        while at < len(lines):
            start, (text, count) = at, span(lines, at)
            try:
                values = fields(text, len(names))
            except Unfit as error:
                # Whatever made this row unreadable, the next line may start a good one.
                if lines[start].strip():
                    self._reject(file, Row(start + 1, lines[start], {}), str(error), "rejected")
                at = start + 1
                continue
            at = start + count
            yield Row(start + 1, text, dict(zip(names, values, strict=True)))

    def _reject(self, file: str, row: Row, reason: str, outcome: str) -> None:
        digest = hashlib.sha256(row.text.encode("utf-8", "surrogateescape")).hexdigest()
        self.rejects.append(Reject(file, row.line, reason, outcome, digest))


def header(path: Path) -> list[str]:
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as source:
        names = next(csv.reader(source), [])
    return [name.strip() for name in names]


def span(lines: list[str], start: int) -> tuple[str, int]:
    """The text of the row that starts here, and how many lines it takes: a quoted text may hold line breaks."""
    quotes = 0
    for count, line in enumerate(lines[start : start + LINES_PER_ROW], start=1):
        quotes += line.count('"')
        if quotes % 2 == 0:
            return "".join(lines[start : start + count]), count
    return lines[start], 1


def fields(text: str, expected: int) -> list[str]:
    try:
        values = next(csv.reader(text.splitlines(keepends=True), strict=True), [])
    except csv.Error:
        raise Unfit("its quotes do not match") from None
    if len(values) != expected:
        raise Unfit(f"it has {len(values)} fields, not {expected}")
    if "\x00" in text:
        raise Unfit("it holds a NUL character")
    if any("\udc80" <= character <= "\udcff" for character in text):
        raise Unfit("it is not UTF-8")
    return values


if __name__ == "__main__":
    try:
        Folder.of(Path(sys.argv[1]))
    except (BadFolder, OSError) as error:
        sys.exit(str(error))
