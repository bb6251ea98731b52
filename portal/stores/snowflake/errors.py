"""Snowflake's error numbers and SQL states to StoreError, with the place in the text where the message names one."""

import re

from snowflake.connector import errors

from portal.stores.types import ErrorCode, StoreError

Meaning = tuple[ErrorCode, str, bool]
UNREACHABLE: Meaning = ("unreachable", "The store cannot be reached.", True)
SIGN_IN: Meaning = ("sign_in", "The store refused the account.", False)
UNKNOWN: Meaning = (
    "unknown_object",
    "A table, view or schema does not exist, or the account has no right to it.",
    False,
)
VALUE: Meaning = ("invalid_value", "A value does not fit what the statement does with it.", False)
NUMBERS: dict[int, Meaning] = {
    2: ("unsupported", "The store does not support this statement.", False),
    904: ("unknown_object", "A column does not exist.", False),
    2043: ("unknown_object", "A column, table or function does not exist.", False),
    2140: ("unknown_object", "A function does not exist.", False),
    2002: ("constraint", "An object of this name exists already.", False),
    2003: UNKNOWN,
    1003: ("syntax", "The statement has a syntax error.", False),
    3001: ("forbidden", "The account has no right to this.", False),
    604: ("cancelled", "The statement was cancelled.", False),
    606: ("not_configured", "No virtual warehouse is chosen for this account.", False),
    625: ("conflict", "Another transaction won; try again.", True),
    630: ("timeout", "The statement ran longer than it may.", False),
    9999: ("unsupported", "The store does not support this statement.", False),
    100051: ("invalid_value", "Division by zero.", False),
    100072: ("constraint", "A constraint of the table was violated.", False),
    300005: ("busy", "The store lacks memory for this statement.", False),
    390100: SIGN_IN,
    390104: UNREACHABLE,
    390111: UNREACHABLE,
    390112: UNREACHABLE,
    390114: UNREACHABLE,
    390144: SIGN_IN,
}
STATES: dict[str, Meaning] = {
    "08": UNREACHABLE,
    "0A": NUMBERS[2],
    "22": VALUE,
    "23": NUMBERS[100072],
    "28": SIGN_IN,
    "40": NUMBERS[625],
    "42": ("syntax", "The statement is not valid.", False),
    "42501": NUMBERS[3001],
    "42S02": UNKNOWN,
    "57014": NUMBERS[604],
    "58": ("internal", "The store had an internal error.", True),
}
REFUSED = re.compile(r"incorrect username or password|jwt token is invalid|user access disabled", re.IGNORECASE)
# Snowflake counts positions of a line from 0, the emulator columns from 1.
PLACES = (
    (re.compile(r"line (\d+) at position (\d+)"), 1),
    (re.compile(r"Line (\d+), Col: (\d+)"), 0),
)


def from_snowflake(store: str, error: errors.Error, text: str = "") -> StoreError:
    message = str(error.msg or error)
    code, public, retryable = _meaning(error, message)
    return StoreError(
        message, store=store, public=public, retryable=retryable, code=code, position=position(message, text)
    )


def position(message: str, text: str) -> int | None:
    """The 1-based character of `text` that the message points at."""
    for pattern, first in PLACES:
        if found := pattern.search(message):
            lines = text.split("\n")
            before = sum(len(line) + 1 for line in lines[: int(found[1]) - 1])
            place = before + int(found[2]) + first
            return place if 0 < place <= len(text) + 1 else None
    return None


def _meaning(error: errors.Error, message: str) -> Meaning:
    number, state = error.errno or -1, str(error.sqlstate or "")
    if REFUSED.search(message):
        return SIGN_IN
    if number in NUMBERS:
        return NUMBERS[number]
    for length in (5, 2):
        if len(state) >= length and state[:length] in STATES:
            return STATES[state[:length]]
    if isinstance(error, errors.ProgrammingError | errors.NotSupportedError):
        return ("internal", "The store could not run the statement.", False)
    return UNREACHABLE if isinstance(error, errors.OperationalError | errors.InterfaceError) else _INTERNAL


_INTERNAL: Meaning = ("internal", "The store had an internal error.", False)


def refused(store: str, code: ErrorCode, public: str) -> StoreError:
    return StoreError(public, store=store, public=public, retryable=False, code=code)
