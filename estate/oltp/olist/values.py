"""Texts of a file to values. What a column must have and has not makes the row unfit; what it may lack is mended."""

from datetime import UTC, datetime
from decimal import Decimal, DecimalException

from estate.oltp.olist.files import Row, Unfit

BIGGEST = 2**63 - 1
LONGEST = 24  # beyond 28 digits Decimal rounds


def required(row: Row, column: str) -> str:
    value = row[column]
    if not value:
        raise Unfit(f"{column} is empty")
    return value


def whole(row: Row, column: str, *, least: int, most: int = 32_767) -> int:
    text = required(row, column)
    if not text.isascii() or not text.isdigit() or not least <= int(text[:10]) <= most or len(text) > 10:
        raise Unfit(f"{column} is no whole number from {least} to {most}")
    return int(text)


def cents(row: Row, column: str) -> int:
    """Exactly: `99.9` is 9990. Raises Unfit for what is no amount, negative, or has fractions of a cent."""
    text = required(row, column)
    if len(text) > LONGEST:
        raise Unfit(f"{column} is no amount")
    try:
        minor = Decimal(text).scaleb(2)
    except DecimalException:
        raise Unfit(f"{column} is no amount") from None
    if not minor.is_finite():
        raise Unfit(f"{column} is no amount")
    if not 0 <= minor <= BIGGEST:
        raise Unfit(f"{column} is negative or too large")
    if minor != minor.to_integral_value():
        raise Unfit(f"{column} has fractions of a cent")
    return int(minor)


def moment(row: Row, column: str) -> datetime:
    text = required(row, column)
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        raise Unfit(f"{column} is no time") from None


def moment_or_none(row: Row, column: str) -> datetime | None:
    """A time that cannot be read is left out and said so: the row is worth more than its fifth timestamp."""
    if not row[column]:
        return None
    try:
        return moment(row, column)
    except Unfit as error:
        row.mended.append(f"{error}; left empty")
        return None


def town(row: Row, column: str) -> str | None:
    """Sellers typed all kinds of things into the field of their town."""
    text = row[column]
    if "@" in text:
        row.mended.append(f"{column} holds an e-mail address; left empty")
        return None
    return text or None
