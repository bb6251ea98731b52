"""What a mask leaves of a value, said apart from how it is computed: two worlds are made that agree in this alone.

A mask that shows more than it says here is found out by two worlds that differ in it (`tests/attacks/worlds.py`).
"""

import datetime as dt
from collections.abc import Hashable, Mapping
from typing import Any

from apps.compliance.policy.masks.python import CARD_DIGITS, DIGIT, ISO_YEAR, PHONE_DIGITS
from apps.compliance.policy.types import MaskKind

SENTENCES: Mapping[MaskKind, str] = {
    MaskKind.CLEAR: "everything",
    MaskKind.NULL: "nothing",
    MaskKind.REDACT: "whether there is a value",
    MaskKind.PARTIAL_EMAIL: "the domain, and whether there is a value",
    MaskKind.PARTIAL_PHONE: "the last two digits of seven or more, and whether there is a value",
    MaskKind.PARTIAL_CARD: "the last four digits of twelve or more, and whether there is a value",
    MaskKind.INITIAL: "the first letter, and whether there is a value",
    MaskKind.YEAR: "the year, and whether there is a value",
}


def leaks(kind: MaskKind, value: Any) -> Hashable:
    """What may be known of the value behind the mask: two values with the same answer cannot be told apart there.

    >>> leaks(MaskKind.PARTIAL_EMAIL, "zoë@example.org") == leaks(MaskKind.PARTIAL_EMAIL, "li@example.org")
    True
    """
    if kind is MaskKind.CLEAR:
        return repr(value)
    if kind is MaskKind.YEAR:
        return _year(value)
    if kind is MaskKind.NULL or not isinstance(value, str):
        return None
    return (True, _part(kind, value))


def _part(kind: MaskKind, text: str) -> str:
    digits = "".join(DIGIT.findall(text))
    if kind is MaskKind.PARTIAL_EMAIL:
        return "@" + text.rsplit("@", 1)[1] if "@" in text else ""
    if kind is MaskKind.PARTIAL_PHONE:
        return digits[-2:] if len(digits) >= PHONE_DIGITS else ""
    if kind is MaskKind.PARTIAL_CARD:
        return digits[-4:] if len(digits) >= CARD_DIGITS else ""
    return text[:1] if kind is MaskKind.INITIAL else ""


def _year(value: Any) -> Hashable:
    if isinstance(value, dt.datetime):
        return (value.astimezone(dt.UTC) if value.tzinfo else value).year
    if isinstance(value, dt.date):
        return value.year
    if isinstance(value, str) and ISO_YEAR.match(value):
        return value[:4]
    return None
