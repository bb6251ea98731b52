"""What the values of the typed JSON become: extended JSON's typed values, within what the store can hold."""

import datetime as dt
import math
import re
from typing import Any

from apps.compliance.policy.types import Refusal

MAX_DEPTH = 60
MAX_KEYS = 2_000
MOST = 2**63 - 1
DIGITS = re.compile(r"-?[0-9]{1,19}")
HALF = re.compile("[\ud800-\udfff]")  # of a pair that stands for one character


class Objects:
    """Makes the objects of one text, and counts their keys."""

    def __init__(self) -> None:
        self.keys = 0

    def unique(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        self.keys += len(pairs)
        if self.keys > MAX_KEYS:
            raise Refusal("too_complex", f"The query has more than {MAX_KEYS:,} keys.", "Ask for less at a time.")
        found: dict[str, Any] = {}
        for key, value in pairs:
            check_text(key)
            if "\0" in key:
                raise Refusal("bad_character", "A key holds the character U+0000.", "Delete it.")
            if key in found:
                raise Refusal("not_understood", f"The key “{key}” stands twice in one object.", "Remove one of them.")
            found[key] = value
        return found


def check_text(text: str) -> None:
    half = HALF.search(text)
    if half is not None:
        raise Refusal("bad_character", f"The text holds U+{ord(half[0]):04X}, which no text may hold.", "Delete it.")


def no_constant(name: str) -> Any:
    raise Refusal("not_understood", f"{name} is not JSON.", "Use a number.")


def too_large() -> Refusal:
    return Refusal("not_supported", "A number here is too large for the store.", "Use one of at most 18 digits.")


def whole(typed: str) -> int:
    if not DIGITS.fullmatch(typed) or abs(int(typed)) > MOST:
        raise too_large()
    return int(typed)


def fraction(typed: str) -> float:
    value = float(typed)
    if not math.isfinite(value):
        raise too_large()
    return value


def literal(value: Any, depth: int) -> Any:
    """Extended JSON's typed values become values; all else stays."""
    if depth > MAX_DEPTH:
        raise Refusal("too_complex", "The query is nested too deeply to be checked.", "Flatten it.")
    if isinstance(value, str):
        check_text(value)
        return value
    if isinstance(value, list):
        return [literal(item, depth + 1) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        key, inner = next(iter(value.items()))
        if key in TYPED:
            return TYPED[key](inner)
    return {key: literal(item, depth + 1) for key, item in value.items()}


def moment(value: Any) -> dt.datetime:
    try:
        parsed = dt.datetime.fromisoformat(value)
        return parsed.astimezone(dt.UTC) if parsed.tzinfo else parsed.replace(tzinfo=dt.UTC)
    except (TypeError, ValueError, OverflowError):
        raise Refusal("not_understood", "$date takes a time such as 2025-01-31T00:00:00Z.") from None


def long(value: Any) -> int:
    typed = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if not re.fullmatch("-?[0-9]+", typed):
        raise Refusal("not_understood", "$numberLong and $numberInt take a whole number.")
    return whole(typed)


def unsupported(value: Any) -> Any:
    raise Refusal(
        "not_supported",
        "Object ids and decimals cannot be written as values here.",
        'Compare in $expr, with {"$toObjectId": "..."} or {"$toDecimal": "..."}.',
    )


TYPED = {
    "$date": moment,
    "$numberLong": long,
    "$numberInt": long,
    **dict.fromkeys(
        ("$oid", "$numberDecimal", "$numberDouble", "$binary", "$timestamp", "$regularExpression", "$code", "$symbol"),
        unsupported,
    ),
    **dict.fromkeys(("$dbPointer", "$minKey", "$maxKey", "$undefined", "$uuid"), unsupported),
}
