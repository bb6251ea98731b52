"""The Olist sample as an origin of rows."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from estate.oltp.olist.files import Folder
from estate.oltp.olist.records import Sheet
from estate.types import Reject, Totals

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass
class Olist:
    """`sheet` is there once `read` was called."""

    folder: Folder
    sheet: Sheet = field(init=False)
    name = "olist"

    @classmethod
    def of(cls, path: Path) -> "Olist":
        """Raises BadFolder."""
        return cls(Folder.of(path))

    @property
    def identity(self) -> str:
        return self.folder.digest()

    def read(self) -> None:
        self.sheet = Sheet.read(self.folder)

    def tables(self) -> Iterator[tuple[str, "pa.RecordBatch"]]:
        from estate.oltp.olist import tables

        yield from tables.of(self.sheet)

    def collections(self) -> Iterator[tuple[str, "pa.RecordBatch"]]:
        from estate.oltp.olist import tables

        yield from tables.feedback(self.sheet)

    def rejects(self) -> list[Reject]:
        return list(self.folder.rejects)

    def totals(self) -> Totals:
        from estate.oltp.olist import totals

        return totals.payments(self.folder)
