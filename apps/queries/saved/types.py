"""What a version holds, and what is shown of one to whoever opens it."""

from dataclasses import dataclass

from apps.queries.console import Explanation

TITLE, FOLDER, TEXT, COMMENT = 120, 120, 100_000, 2_000  # characters


class Invalid(Exception):
    """What was typed cannot be kept; the message says what to change."""


@dataclass(frozen=True)
class Draft:
    """Title, folder, source and text as typed. `checked` raises Invalid."""

    title: str
    source: str
    text: str
    folder: str = ""

    def checked(self) -> "Draft":
        draft = Draft(self.title.strip(), self.source, self.text.replace("\r\n", "\n"), self.folder.strip())
        if not draft.title or not draft.text.strip():
            raise Invalid("A saved query needs a title and a text.")
        for name, value, most in (("title", draft.title, TITLE), ("folder", draft.folder, FOLDER)):
            if len(value) > most:
                raise Invalid(f"The {name} may have {most} characters.")
        if len(draft.text) > TEXT:
            raise Invalid(f"The text may have {TEXT:,} characters.")
        return draft


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
