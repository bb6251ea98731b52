"""The masks of numbers as Python."""

import math
from decimal import ROUND_FLOOR, Decimal, localcontext
from typing import Any

from portal.tokens import keys

# Beyond it nothing is left: no store's arithmetic on a masked number can overflow and say so.
LARGEST = 10**15
EXACT = 80  # digits: more than any store's decimals have


def bucket(value: Any, width: int) -> Any:
    """Where the range begins that the number is in: 0, 100, 200, ... for a width of 100."""
    if not is_number(value) or not -LARGEST <= value <= LARGEST:
        return None
    if isinstance(value, int):
        return value // width * width
    if isinstance(value, float):
        return float(math.floor(value) // width * width)
    with localcontext(prec=EXACT):
        return (value / width).to_integral_value(ROUND_FLOOR) * width


def noise(value: Any, width: int, key: bytes) -> int | None:
    """A whole number, changed by at most `width`; always the same for the same number."""
    text = whole_text(value)
    if text is None or not -LARGEST <= int(text) <= LARGEST:
        return None
    return int(text) + keys.noise(key, text, width)


def whole_text(value: Any) -> str | None:
    """The decimal digits of a whole number: the one text for it in every store."""
    if not is_number(value) or isinstance(value, float):
        return None
    if isinstance(value, Decimal) and int(value.as_tuple().exponent) < 0:
        return None  # of a column with digits behind the point, whatever this one is
    return str(int(value))


def is_number(value: Any) -> bool:
    if isinstance(value, bool):
        return False
    if isinstance(value, Decimal):
        return value.is_finite()
    return isinstance(value, int) or (isinstance(value, float) and math.isfinite(value))
