"""What is exported, and what may stand in its way."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from apps.queries.exports.marks import Mark
from apps.queries.types import AnswerColumn

if TYPE_CHECKING:
    import pyarrow as pa

MARK_COLUMN = "portico_export"


@dataclass(frozen=True)
class Format:
    """`writer` is the module that writes it, imported when it is used. Limits are those of the programs that read it;
    0 is none."""

    label: str
    suffix: str
    content_type: str
    writer: str
    most_rows: int = 0
    most_columns: int = 0


@dataclass(frozen=True)
class Export:
    """A result and what the file says about itself. `tables` are its rows, a group at a time; they can be read once."""

    tables: "Iterator[pa.Table]"
    schema: "pa.Schema"
    rows: int
    columns: tuple[AnswerColumn, ...]
    mark: Mark
    truncated: bool = False


@dataclass(frozen=True)
class Download:
    """`chunks` can be read once; Broken comes out of them where the result was changed behind its beginning."""

    name: str
    content_type: str
    chunks: Iterator[bytes]


class NotExported(Exception):
    """`status` is that of HTTP; the message is for people and holds no value."""

    status = 400

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class UnknownFormat(NotExported):
    pass


class NoResult(NotExported):
    status = 409


class ResultClosed(NotExported):
    """What the person may see has changed since it ran."""

    status = 409


class ResultGone(NotExported):
    status = 410


class DoesNotFit(NotExported):
    status = 422
