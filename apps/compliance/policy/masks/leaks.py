"""What each mask tells of a value, as data: the promise that a proof holds the engine to.

Two values with the same key must be told apart by nothing that a reader under the mask can ask. Keys say what is left
in words of their own, not by calling the masks: a mask that shows more than is written here is found out.

In a document, beyond the key: whether the field is there at all, and where the catalog knows what is below it, of
which kind it is (a scalar, an object, a list of so many).
"""

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

from apps.compliance.policy.types import MaskKind

NOTHING = ("nothing",)
PHONE_DIGITS = 7
CARD_DIGITS = 12

SENTENCES = {
    MaskKind.CLEAR: "The value.",
    MaskKind.NULL: "Nothing.",
    MaskKind.REDACT: "Whether there is a text.",
    MaskKind.PARTIAL_EMAIL: "What stands after the last @, and whether there is a text.",
    MaskKind.PARTIAL_PHONE: "The last two of seven or more digits, and whether there is a text.",
    MaskKind.PARTIAL_CARD: "The last four of twelve or more digits, and whether there is a text.",
    MaskKind.INITIAL: "The first letter, and whether there is a text.",
    MaskKind.YEAR: "The year (UTC), and whether there is a date.",
}


def leaks(kind: MaskKind, value: object) -> object:
    """A hashable key: values that share it are one and the same to a reader under this mask.

    >>> leaks(MaskKind.PARTIAL_EMAIL, "ann@example.org") == leaks(MaskKind.PARTIAL_EMAIL, "bob@example.org")
    True
    """
    if kind is MaskKind.NULL:
        return NOTHING
    if kind is MaskKind.CLEAR:
        return ("value", type(value).__name__, repr(value))
    if kind is MaskKind.YEAR:
        return year(value)
    return TEXT[kind](value) if isinstance(value, str) else NOTHING


def presence(text: str) -> object:
    return ("text",)


def domain(text: str) -> object:
    return ("domain", text.rsplit("@", maxsplit=1)[-1]) if "@" in text else ("text",)


def ending(text: str, shown: int, at_least: int) -> object:
    digits = re.sub("[^0-9]", "", text)
    return ("ending", digits[-shown:]) if len(digits) >= at_least else ("text",)


def phone(text: str) -> object:
    return ending(text, 2, PHONE_DIGITS)


def card(text: str) -> object:
    return ending(text, 4, CARD_DIGITS)


def first_letter(text: str) -> object:
    return ("starts", text[0]) if text else ("empty",)


def year(value: Any) -> object:
    if isinstance(value, dt.datetime):
        zoned = value.tzinfo is not None
        return ("year", zoned, (value.astimezone(dt.UTC) if zoned else value).year)
    if isinstance(value, dt.date):
        return ("year", "date", value.year)
    found = re.match("([0-9]{4})-", value) if isinstance(value, str) else None
    return ("year", found[1]) if found else NOTHING


TEXT: dict[MaskKind, Callable[[str], object]] = {
    MaskKind.REDACT: presence,
    MaskKind.PARTIAL_EMAIL: domain,
    MaskKind.PARTIAL_PHONE: phone,
    MaskKind.PARTIAL_CARD: card,
    MaskKind.INITIAL: first_letter,
}
