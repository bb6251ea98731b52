"""What a version holds, and what is shown of one to whoever opens it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from apps.queries.charts import Invalid as WrongChart
from apps.queries.charts import from_kept
from apps.queries.console import Explanation
from apps.queries.parameters import LONGEST, Typed, names_of

TITLE, FOLDER, TEXT, COMMENT = 120, 120, 100_000, 2_000  # characters


class Invalid(Exception):
    """What was typed cannot be kept; the message says what to change."""


@dataclass(frozen=True)
class Draft:
    """Title, folder, source, text and what its parameters start with (kind and value), as typed. `checked` raises
    Invalid."""

    title: str
    source: str
    text: str
    folder: str = ""
    parameters: Mapping[str, Sequence[str]] = field(default_factory=dict)
    chart: Mapping[str, str] | None = None  # as `charts.Chart.kept` writes it

    @property
    def typed(self) -> dict[str, Typed]:
        return {name: Typed(name, kind, value) for name, (kind, value) in self.parameters.items()}

    def checked(self) -> "Draft":
        text = self.text.replace("\r\n", "\n")
        names = names_of(self.source, text)
        kept = {name: list(typed) for name, typed in self.parameters.items() if name in names}
        draft = Draft(self.title.strip(), self.source, text, self.folder.strip(), kept, self.chart)
        if not draft.title or not draft.text.strip():
            raise Invalid("A saved query needs a title and a text.")
        for name, value, most in (("title", draft.title, TITLE), ("folder", draft.folder, FOLDER)):
            if len(value) > most:
                raise Invalid(f"The {name} may have {most} characters.")
        if any(len(value) > LONGEST for _, value in kept.values()):
            raise Invalid(f"The value of a parameter may have {LONGEST:,} characters.")
        if len(draft.text) > TEXT:
            raise Invalid(f"The text may have {TEXT:,} characters.")
        if draft.chart:
            checked_chart(draft.chart)
        return draft


def checked_chart(chart: Mapping[str, str]) -> None:
    try:
        from_kept(chart)
    except WrongChart as problem:
        raise Invalid(str(problem)) from None


@dataclass(frozen=True)
class Opened:
    """One version as its reader may see it. Without `draft` the gate refuses it to them, and they do not own it: a
    text names tables, and a refusal may repeat them."""

    number: int
    explanation: Explanation
    draft: Draft | None = None


@dataclass(frozen=True)
class DiffLine:
    """`kind` is "+", "-" or " "."""

    kind: str
    text: str
