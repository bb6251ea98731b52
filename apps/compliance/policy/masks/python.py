"""The masks as Python: what the other forms are tested against."""

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

from apps.compliance.policy.masks.numbers import bucket, whole_text
from apps.compliance.policy.masks.numbers import noise as noised
from apps.compliance.policy.types import PLAIN, MaskKind, MaskOptions
from portal.tokens import keys

REDACTED = "[redacted]"
PHONE_DIGITS = 7  # a shorter number would be told by its last two
CARD_DIGITS = 12
BIN_DIGITS = 15  # of fewer, the first six and the last four would leave too little unknown
IBAN_SIGNS = (15, 34)  # ISO 13616: the shortest (Norway) and the longest there may be
DIGIT = re.compile("[0-9]")
IBAN_SIGN = re.compile("[A-Za-z0-9]")
IBAN = re.compile("[A-Za-z]{2}[0-9]{2}")
# Of a text: how much is looked at, what that must be, and how much of it is left.
ISO_DATES = {
    "day": (11, re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]?"), 10),
    "month": (8, re.compile("[0-9]{4}-[0-9]{2}-"), 7),
    "year": (5, re.compile("[0-9]{4}-"), 4),
}
Keys = Callable[[str], bytes]  # the key of that name (portal.tokens.keys)


def mask_value(kind: MaskKind, value: Any, options: MaskOptions = PLAIN, key_of: Keys | None = None) -> Any:
    """The masked value. Tokens and noise need the keys.

    >>> mask_value(MaskKind.PARTIAL_EMAIL, "zoë@example.org")
    '***@example.org'
    """
    if kind is MaskKind.CLEAR:
        return value
    if kind in (MaskKind.YEAR, MaskKind.DATE):
        return date(value, options.unit or "year")
    if kind is MaskKind.BUCKET:
        return bucket(value, options.width)
    if kind in (MaskKind.TOKEN, MaskKind.NOISE):
        return keyed(kind, value, options, key_of)
    if kind is MaskKind.NULL or not isinstance(value, str):
        return None
    return card_with_bin(value) if options.bin else TEXT_MASKS[kind](value)


def keyed(kind: MaskKind, value: Any, options: MaskOptions, key_of: Keys | None) -> Any:
    if key_of is None:
        raise ValueError(f"{kind} needs a key")
    if kind is MaskKind.NOISE:
        return noised(value, options.width, key_of(keys.NOISE))
    text = value if isinstance(value, str) else whole_text(value)
    return None if text is None else keys.token(key_of(keys.token_name(options.purpose)), text)


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


def card_with_bin(text: str) -> str:
    digits = "".join(DIGIT.findall(text))
    return f"{digits[:6]}****{digits[-4:]}" if len(digits) >= BIN_DIGITS else partial_card(text)


def partial_iban(text: str) -> str:
    signs = "".join(IBAN_SIGN.findall(text))
    shortest, longest = IBAN_SIGNS
    return f"{signs[:2]}****{signs[-4:]}" if IBAN.match(signs) and shortest <= len(signs) <= longest else "****"


def initial(text: str) -> str:
    return f"{text[:1]}."


def initials(text: str) -> str:
    """Words end at a plain space."""
    first, space, _rest = text.strip(" ").partition(" ")
    return initial(first) + (f" {initial(text.strip(' ').rpartition(' ')[2])}" if space else "")


def date(value: Any, unit: str) -> Any:
    """The first day of the unit: weeks begin on Monday, moments are cut in UTC. Of a text in ISO's form its first
    characters, which have no week and no quarter."""
    if isinstance(value, dt.datetime):
        in_utc = value.astimezone(dt.UTC) if value.tzinfo else value
        return in_utc.replace(hour=0, minute=0, second=0, microsecond=0) - days_into(in_utc.date(), unit)
    if isinstance(value, dt.date):
        return value - days_into(value, unit)
    if not isinstance(value, str) or unit not in ISO_DATES:
        return None
    looked_at, form, left = ISO_DATES[unit]
    return value[:left] if form.fullmatch(value[:looked_at]) else None


def days_into(day: dt.date, unit: str) -> dt.timedelta:
    if unit == "day":
        return dt.timedelta(0)
    if unit == "week":
        return dt.timedelta(days=day.weekday())
    month = {"month": day.month, "quarter": (day.month - 1) // 3 * 3 + 1, "year": 1}[unit]
    return day - day.replace(month=month, day=1)


TEXT_MASKS: dict[MaskKind, Callable[[str], str]] = {
    MaskKind.REDACT: redact,
    MaskKind.PARTIAL_EMAIL: partial_email,
    MaskKind.PARTIAL_PHONE: partial_phone,
    MaskKind.PARTIAL_CARD: partial_card,
    MaskKind.PARTIAL_IBAN: partial_iban,
    MaskKind.INITIAL: initial,
    MaskKind.INITIALS: initials,
}
