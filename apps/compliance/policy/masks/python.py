"""The masks as Python: what the other forms are tested against."""

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

from apps.compliance.policy.types import MaskKind

REDACTED = "[redacted]"
PHONE_DIGITS = 7  # a shorter number would be told by its last two
CARD_DIGITS = 12
DIGIT = re.compile("[0-9]")
ISO_YEAR = re.compile("[0-9]{4}-")


def mask_value(kind: MaskKind, value: Any) -> Any:
    """The masked value.

    >>> mask_value(MaskKind.PARTIAL_EMAIL, "zoë@example.org")
    '***@example.org'
    """
    if kind is MaskKind.CLEAR:
        return value
    if kind is MaskKind.YEAR:
        return year(value)
    if kind is MaskKind.NULL or not isinstance(value, str):
        return None
    return TEXT_MASKS[kind](value)


def redact(text: str) -> str:
    return REDACTED


def partial_email(text: str) -> str:
    _local, at, domain = text.rpartition("@")
    return f"***@{domain}" if at else "***"


def partial_phone(text: str) -> str:
    digits = "".join(DIGIT.findall(text))
    return f"***{digits[-2:]}" if len(digits) >= PHONE_DIGITS else "***"


def partial_card(text: str) -> str:
    digits = "".join(DIGIT.findall(text))
    return f"****{digits[-4:]}" if len(digits) >= CARD_DIGITS else "****"


def initial(text: str) -> str:
    return f"{text[:1]}."


def year(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        in_utc = value.astimezone(dt.UTC) if value.tzinfo else value
        return in_utc.replace(month=1, day=1, hour=0, minute=0, second=0, microsecond=0)
    if isinstance(value, dt.date):
        return value.replace(month=1, day=1)
    if isinstance(value, str) and ISO_YEAR.match(value):
        return value[:4]
    return None


TEXT_MASKS: dict[MaskKind, Callable[[str], str]] = {
    MaskKind.REDACT: redact,
    MaskKind.PARTIAL_EMAIL: partial_email,
    MaskKind.PARTIAL_PHONE: partial_phone,
    MaskKind.PARTIAL_CARD: partial_card,
    MaskKind.INITIAL: initial,
}
