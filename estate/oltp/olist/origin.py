"""The Olist sample as an origin of rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from estate.oltp.olist.files import Folder
from estate.oltp.olist.records import Sheet
from estate.types import Reject

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Olist:
    folder: Folder
    name = "olist"

    @classmethod
    def of(cls, path: Path) -> "Olist":
        """Raises BadFolder."""
        return cls(Folder.of(path))

    @property
    def identity(self) -> str:
        return self.folder.digest()

    @cached_property
    def _sheet(self) -> Sheet:
        return Sheet.read(self.folder)

    def tables(self) -> Iterator[tuple[str, "pa.RecordBatch"]]:
        from estate.oltp.olist import tables

        yield from tables.of(self._sheet)

    def collections(self) -> Iterator[tuple[str, "pa.RecordBatch"]]:
        from estate.oltp.olist import tables

        yield from tables.feedback(self._sheet)

    def rejects(self) -> list[Reject]:
        return list(self._sheet.folder.rejects)
