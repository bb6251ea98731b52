"""What each mask tells of a value, as data: the promise that a proof holds the engine to.

Two values with the same key must be told apart by nothing that a reader under the mask can ask. Keys say what is left
in words of their own, not by calling the masks: a mask that shows more than is written here is found out.

In a document, beyond the key: whether the field is there at all, and where the catalog knows what is below it, of
which kind it is (a scalar, an object, a list of so many).

Of a mask in `EQUALITY` two different values are never the same: it tells which are equal. Their key is the value, and
what may be compared between two worlds is which rows share a key (`classes`), not the key. Which token stands for a
value, and so the order of tokens, depends on the key and on nothing that is leaked.
"""

import datetime as dt
import re
from collections.abc import Callable, Iterable
from decimal import ROUND_FLOOR, Decimal, localcontext
from typing import Any

from apps.compliance.policy.types import PLAIN, MaskKind, MaskOptions

NOTHING = ("nothing",)
PHONE_DIGITS = 7
CARD_DIGITS = 12
BIN_DIGITS = 15
MOST = 10**15

# NOISE tells the number to within its width besides.
EQUALITY = frozenset({MaskKind.TOKEN, MaskKind.NOISE})
SENTENCES = {
    MaskKind.CLEAR: "The value.",
    MaskKind.NULL: "Nothing.",
    MaskKind.REDACT: "Whether there is a text.",
    MaskKind.PARTIAL_EMAIL: "What stands after the last @, and whether there is a text.",
    MaskKind.PARTIAL_PHONE: "The last two of seven or more digits, and whether there is a text.",
    MaskKind.PARTIAL_CARD: "The last four of twelve or more digits (with the BIN: the first six, too, of fifteen or "
    "more), and whether there is a text.",
    MaskKind.PARTIAL_IBAN: "Country and last four signs of what has an IBAN's form, and whether there is a text.",
    MaskKind.INITIAL: "The first letter, and whether there is a text.",
    MaskKind.INITIALS: "The first letters of the first and the last word, whether there are several, and whether there "
    "is a text.",
    MaskKind.YEAR: "The year (UTC), and whether there is a date.",
    MaskKind.DATE: "The day, week, month, quarter or year (UTC) that the rule names, and whether there is a date.",
    MaskKind.BUCKET: "The range of the rule's width that a number is in, and whether there is a number.",
    MaskKind.NOISE: "A whole number to within the rule's width, and which rows have the same one. Whoever knows the "
    "number of one row knows it of every row that shows the same.",
    MaskKind.TOKEN: "Which rows have the same text or whole number, within one purpose. Whoever knows the value of one "
    "row knows it of every row that shows the same.",
}


def leaks(kind: MaskKind, value: object, options: MaskOptions = PLAIN) -> object:
    """A hashable key: values that share it are one and the same to a reader under this mask.

    >>> leaks(MaskKind.PARTIAL_EMAIL, "ann@example.org") == leaks(MaskKind.PARTIAL_EMAIL, "bob@example.org")
    True
    """
    if kind is MaskKind.NULL:
        return NOTHING
    if kind is MaskKind.CLEAR:
        return ("value", type(value).__name__, repr(value))
    if kind in (MaskKind.YEAR, MaskKind.DATE):
        return date(value, options.unit or "year")
    if kind is MaskKind.BUCKET:
        return place(value, options.width)
    if kind in EQUALITY:
        return whole(value, texts=kind is MaskKind.TOKEN)
    if not isinstance(value, str):
        return NOTHING
    return card_and_bin(value) if options.bin else TEXT[kind](value)


def classes(kind: MaskKind, values: Iterable[object], options: MaskOptions = PLAIN) -> tuple[object, ...]:
    """Of a column: for each row the first row with the same key, under a mask that tells which are equal; else the
    keys. Two worlds that agree in this agree in what the mask tells (noise: give or take its width)."""
    keys = [leaks(kind, value, options) for value in values]
    if kind not in EQUALITY:
        return tuple(keys)
    return tuple(key if key == NOTHING else keys.index(key) for key in keys)


def presence(text: str) -> object:
    return ("text",)


def domain(text: str) -> object:
    return ("domain", text[text.rindex("@") :]) if "@" in text else ("text",)


def digits_of(text: str) -> str:
    return re.sub("[^0-9]", "", text)


def ending(text: str, shown: int, at_least: int) -> object:
    digits = digits_of(text)
    return ("ending", digits[-shown:]) if len(digits) >= at_least else ("text",)


def phone(text: str) -> object:
    return ending(text, 2, PHONE_DIGITS)


def card(text: str) -> object:
    return ending(text, 4, CARD_DIGITS)


def card_and_bin(text: str) -> object:
    digits = digits_of(text)
    return ("card", digits[:6], digits[-4:]) if len(digits) >= BIN_DIGITS else card(text)


def account(text: str) -> object:
    signs = re.sub("[^A-Za-z0-9]", "", text)
    is_one = re.fullmatch("[A-Za-z]{2}[0-9]{2}[A-Za-z0-9]{11,30}", signs)
    return ("account", signs[:2], signs[-4:]) if is_one else ("text",)


def first_letter(text: str) -> object:
    return ("starts", text[0]) if text else ("empty",)


def first_letters(text: str) -> object:
    words = [word for word in text.split(" ") if word]
    return ("words", words[0][0], words[-1][0] if len(words) > 1 else "") if words else ("empty",)


def date(value: Any, unit: str) -> object:
    if isinstance(value, dt.datetime):
        zoned = value.tzinfo is not None
        return ("moment", zoned, *part(value.astimezone(dt.UTC) if zoned else value, unit))
    if isinstance(value, dt.date):
        return ("date", *part(value, unit))
    if not isinstance(value, str) or unit not in FORMS:
        return NOTHING
    found = re.match(FORMS[unit], value)
    return (unit, found[1]) if found else NOTHING


FORMS = {
    "year": "([0-9]{4})-",
    "month": "([0-9]{4}-[0-9]{2})-",
    "day": "([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ]|\\Z)",
}


def part(day: dt.date, unit: str) -> tuple[object, ...]:
    if unit == "week":
        year, week, _weekday = day.isocalendar()
        return (unit, year, week)
    fine = {"year": (), "quarter": ((day.month - 1) // 3,), "month": (day.month,), "day": (day.month, day.day)}[unit]
    return (unit, day.year, *fine)


def place(value: Any, width: int) -> object:
    """Which range, and of which kind the number is: a store answers with the column's own kind."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return NOTHING
    exact = Decimal(value)
    if not exact.is_finite() or abs(exact) > MOST:
        return NOTHING
    with localcontext(prec=1200):  # a float can have that many digits
        return (type(value).__name__, int((exact / width).to_integral_value(ROUND_FLOOR)))


def whole(value: Any, *, texts: bool) -> object:
    """A whole number and its digits as a text are one to a token; noise leaves nothing of texts and large numbers."""
    if isinstance(value, str):
        return ("is", value) if texts else NOTHING
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return NOTHING
    if isinstance(value, Decimal) and (not value.is_finite() or int(value.as_tuple().exponent) < 0):
        return NOTHING
    number = int(value)
    return ("is", str(number)) if texts or -MOST <= number <= MOST else NOTHING


TEXT: dict[MaskKind, Callable[[str], object]] = {
    MaskKind.REDACT: presence,
    MaskKind.PARTIAL_EMAIL: domain,
    MaskKind.PARTIAL_PHONE: phone,
    MaskKind.PARTIAL_CARD: card,
    MaskKind.PARTIAL_IBAN: account,
    MaskKind.INITIAL: first_letter,
    MaskKind.INITIALS: first_letters,
}
