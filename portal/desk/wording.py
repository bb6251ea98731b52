"""How the portal writes numbers, money, moments, states and categories. Pure."""

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zlib import crc32

from django.utils import timezone

# ISO 4217: currencies whose minor unit is not a hundredth.
NO_DECIMALS = ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV")
EXPONENTS = {
    **dict.fromkeys((*NO_DECIMALS, "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}
TONES = 8  # as many as `frontend/css/frame.css` has
UNKNOWN = "\N{EN DASH}"
STATES = {"queued", "running", "waiting", "done", "failed", "cancelled", "paused", "refused", "skipped", "alert"}
SAME_AS = {
    "up": "done", "passed": "done", "succeeded": "done", "down": "failed",
    "granted": "done", "revoked": "cancelled", "withdrawn": "cancelled", "ended": "skipped",
    "steady": "done", "drifted": "alert", "too_few": "waiting",
    "complete": "done", "incomplete": "failed",
    "received": "queued", "verified": "queued", "discovered": "waiting", "planned": "waiting", "approved": "waiting",
    **dict.fromkeys(("discovering", "executing", "rescanning", "packaging"), "running"),
}  # fmt: skip
STEPS = ((86_400, "d"), (3_600, "h"), (60, "min"))


def as_number(value: Any) -> Decimal | int | None:
    """None for what is missing or no number; whole numbers stay whole."""
    if value is None or value == "" or isinstance(value, bool):
        return None
    if isinstance(value, int | Decimal):
        return value
    try:
        number = Decimal(str(value).replace(",", ""))
    except InvalidOperation:
        return None
    return int(number) if number == number.to_integral_value() else number


def grouped(value: Any) -> str:
    """`1234567` as `1,234,567`; what is unknown as a dash."""
    number = as_number(value)
    return UNKNOWN if number is None else f"{number:,}"


def money(minor: Any, currency: str) -> str:
    """Minor units as the amount people read: `money(123456, "EUR")` is `1,234.56 EUR`."""
    number = as_number(minor)
    if number is None:
        return UNKNOWN
    code = currency.upper()
    places = EXPONENTS.get(code, 2)
    return f"{Decimal(number).scaleb(-places):,.{places}f} {code}"


def percent(share: Any, places: int = 0) -> str:
    """`0.353` as `35 %` (in one piece), with as many decimals as asked for; what is unknown as a dash."""
    return UNKNOWN if share is None or share == "" else f"{float(share) * 100:.{places}f}\N{NO-BREAK SPACE}%"


def amount(seconds: float) -> str:
    for size, unit in STEPS:
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds)} s"


def relative(at: Any) -> str:
    """`4 min ago`, `in 9 d`; beyond a month the date. Text that is no moment stays as it is."""
    if not isinstance(at, datetime):
        return str(at or "never")
    moment = at if at.tzinfo else at.replace(tzinfo=UTC)
    seconds = (timezone.now() - moment).total_seconds()
    if abs(seconds) < 10:
        return "just now"
    if abs(seconds) > 30 * 86_400:
        return f"{moment:%-d %b %Y}"
    return f"{amount(seconds)} ago" if seconds > 0 else f"in {amount(-seconds)}"


def exact(at: Any) -> str:
    """`23 Nov 2026, 06:50:12 UTC`"""
    if not isinstance(at, datetime):
        return str(at or "")
    return f"{timezone.localtime(at) if at.tzinfo else at:%-d %b %Y, %H:%M:%S %Z}".strip()


def duration(seconds: Any) -> str:
    """`0.4 s`, `38 s`, `2 min 05 s`, `1 h 12 min`"""
    number = as_number(seconds)
    if number is None:
        return UNKNOWN
    if number < 10:
        return f"{number:.1f} s"
    whole = int(number)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def last_word(category: Any) -> str:
    """`user.contact.email` as `email`: the word on the chip; the whole key is in its title."""
    return str(category or "").rpartition(".")[2].replace("_", " ")


def state_word(state: Any) -> str:
    return str(state or "unknown").replace("_", " ")


def state_icon(state: Any) -> str:
    """The shape that belongs to the state; a dot for a word that is none of ours."""
    word = SAME_AS.get(str(state), str(state))
    return word if word in STATES else "dot"


def initials(name: Any) -> str:
    """Of a full name the first letters, of a single word (a sign-in name) its first two: `AM`, `An`."""
    words = str(name or "").split()
    return words[0][:2].capitalize() if len(words) == 1 else "".join(word[0] for word in words[:2]).upper()


def tone(name: Any) -> str:
    """Which of the avatar's colours a person has, always the same: two people may have the same two letters."""
    return str((crc32(str(name or "").encode()) >> 16) % TONES)


def unit_of(unit: Any, number: Any) -> str:
    """`row` for one, `rows` for any other number."""
    word = str(unit or "")
    return word.removesuffix("s") if as_number(number) == 1 else word


def short_id(value: Any) -> str:
    text = str(value or "")
    return text if len(text) <= 12 else f"{text[:8]}…"
