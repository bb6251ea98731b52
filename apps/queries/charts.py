"""Which chart an answer suggests, and what one is: a kind and columns, never a value. Plain Python; it is drawn in the
browser, of the rows that the execution's pages give."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from apps.queries.types import AnswerColumn

KINDS = {"line": "Line", "bar": "Bars", "scatter": "Points", "histogram": "Histogram"}
NUMBERS = frozenset({"integer", "decimal", "float"})
MOMENTS = frozenset({"date", "timestamp"})
WORDS = frozenset({"text", "boolean"})
NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")
NAME = 300  # characters
KEYS = ("kind", "x", "y", "group")


class Invalid(Exception):
    """The message says what a chart lacks."""


@dataclass(frozen=True)
class Chart:
    """By names of columns: kept with a saved query. A histogram has no `y`; `group` colours."""

    kind: str
    x: str
    y: str = ""
    group: str = ""

    def kept(self) -> dict[str, str]:
        return asdict(self)


@dataclass(frozen=True)
class Placed:
    """By places of columns in one answer, from 0: what an address may hold, for a name can be typed by anybody."""

    kind: str
    x: int
    y: int | None = None
    group: int | None = None

    @property
    def word(self) -> str:
        """
        >>> Placed("line", 0, 2).word
        'line.0.2.'
        """
        return ".".join([self.kind, str(self.x), *("" if at is None else str(at) for at in (self.y, self.group))])


def suggest(columns: Sequence[AnswerColumn]) -> Placed | None:
    """The chart that fits the columns best; None where there is no number to draw.

    A moment and a number make a line, a word and a number bars, two numbers points, a number alone a histogram.
    """
    numbers = [at for at, column in enumerate(columns) if column.type in NUMBERS]
    measures = [at for at in numbers if not is_key(columns[at].name)]
    moments, words = places(columns, MOMENTS), places(columns, WORDS)
    if not measures:
        return None
    if moments:
        return Placed("line", moments[0], measures[0], words[0] if words else None)
    if words:
        return Placed("bar", words[0], measures[0], words[1] if len(words) > 1 else None)
    if len(measures) > 1:
        return Placed("scatter", measures[0], measures[1])
    return Placed("histogram", measures[0])


def recognised(columns: Sequence[AnswerColumn], rows: Sequence[Sequence[object]]) -> list[AnswerColumn]:
    """With numbers that a store tells as text (a sum in PostgreSQL has no type that holds all of its values) as such.
    What is masked, or begins with a zero that a number would not have (a postal code), stays text."""
    return [
        replace(column, type="decimal") if is_number([row[at] for row in rows], column) else column
        for at, column in enumerate(columns)
    ]


def is_number(values: Sequence[object], column: AnswerColumn) -> bool:
    told = [value for value in values if value is not None]
    return (
        column.type == "text"
        and not column.masked
        and bool(told)
        and all(isinstance(value, str) and NUMBER.fullmatch(value) for value in told)
    )


def is_key(name: str) -> bool:
    """A number that names something measures nothing."""
    word = name.lower()
    return word in {"id", "_id", "key"} or word.endswith(("_id", "_key"))


def places(columns: Sequence[AnswerColumn], types: frozenset[str]) -> list[int]:
    return [at for at, column in enumerate(columns) if column.type in types]


def checked(chart: Chart) -> Chart:
    """Raises Invalid."""
    if chart.kind not in KINDS:
        raise Invalid(f"A chart is one of {', '.join(KINDS)}.")
    if not chart.x or (chart.kind != "histogram" and not chart.y):
        raise Invalid("A chart needs the columns that it is drawn of.")
    if any(len(name) > NAME for name in (chart.x, chart.y, chart.group)):
        raise Invalid(f"A column's name has at most {NAME} characters.")
    return Chart(chart.kind, chart.x, "" if chart.kind == "histogram" else chart.y, chart.group)


def read(text: str) -> Chart | None:
    """What a form sends: empty, or JSON with the names. Raises Invalid."""
    if not text:
        return None
    try:
        body = json.loads(text)
    except ValueError:
        raise Invalid("A chart is written as JSON.") from None
    if not isinstance(body, Mapping):
        raise Invalid("A chart is an object.")
    return from_kept({key: value for key, value in body.items() if value})


def from_kept(body: Mapping[str, object]) -> Chart:
    """Raises Invalid."""
    if set(body) - set(KEYS) or not all(isinstance(value, str) for value in body.values()):
        raise Invalid(f"A chart has {', '.join(KEYS)}, each a text.")
    return checked(Chart(**{"kind": "", "x": "", **{key: str(value) for key, value in body.items()}}))


def placed(chart: Chart, names: Sequence[str]) -> Placed | None:
    """Where its columns are in an answer; None where one is not there. Of columns with one name the first is meant."""
    if any(name and name not in names for name in (chart.x, chart.y, chart.group)):
        return None
    x, y, group = (names.index(name) if name else None for name in (chart.x, chart.y, chart.group))
    return None if x is None else Placed(chart.kind, x, y, group)


def from_word(word: str, width: int) -> Placed | None:
    """What an address says, for an answer of so many columns; None for anything else."""
    kind, *rest = word.split(".")
    if kind not in KINDS or len(rest) != 3 or not all(part.isascii() and (not part or part.isdigit()) for part in rest):
        return None
    x, y, group = (int(part[:6]) if part else None for part in rest)
    if x is None or (kind != "histogram" and y is None) or any(at is not None and at >= width for at in (x, y, group)):
        return None
    return Placed(kind, x, None if kind == "histogram" else y, group)


def named(one: Placed, names: Sequence[str]) -> Chart:
    return Chart(one.kind, names[one.x], *("" if at is None else names[at] for at in (one.y, one.group)))
