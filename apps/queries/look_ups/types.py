"""What is asked for, and what is kept of it."""

import re
from dataclasses import dataclass

VALUE, SHORTEST_REASON, REASON = 320, 10, 500  # characters
NO_TEXT = re.compile("[\0\ud800-\udfff]")
TOLD = 3  # of a value with fewer characters its place in a reason says nothing


class Invalid(Exception):
    """What was typed cannot be asked; the message says what to change, and repeats nothing of it."""


class TooMany(Exception):
    """The person's look-ups of this hour are used up; the message says when there is one again."""


@dataclass(frozen=True, repr=False)
class Wanted:
    """`value` is what was typed: it is shown, written and sent nowhere. `checked` raises Invalid."""

    column: str
    value: str
    reason: str

    def __repr__(self) -> str:
        return f"Wanted({self.column!r})"

    def checked(self) -> "Wanted":
        found = Wanted(self.column, self.value.strip(), " ".join(self.reason.split()))
        if not found.value or len(found.value) > VALUE or NO_TEXT.search(found.value):
            raise Invalid(f"Type the value as it stands in the column: 1 to {VALUE} characters.")
        if not SHORTEST_REASON <= len(found.reason) <= REASON or NO_TEXT.search(found.reason):
            raise Invalid(f"Say why in {SHORTEST_REASON} to {REASON} characters: whoever checks reads it.")
        if len(found.value) >= TOLD and found.value.lower() in found.reason.lower():
            raise Invalid("The reason repeats the value: leave it out, for the reason is kept.")
        return found


@dataclass(frozen=True)
class Kept:
    """What is sealed with a look-up. Without `token` once its execution has ended."""

    reason: str
    path: tuple[str, ...] = ()
    token: str = ""
