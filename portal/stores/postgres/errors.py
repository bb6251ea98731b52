"""PostgreSQL's SQLSTATE to StoreError. Source: PostgreSQL manual, appendix A."""

import re
from typing import Any

import adbc_driver_manager
import psycopg

from portal.stores.postgres.columns import SEVERAL_DIMENSIONS
from portal.stores.types import ErrorCode, StoreError

# Longest prefix wins.
STATES: dict[str, tuple[ErrorCode, str, bool]] = {
    "08": ("unreachable", "The connection to the store was lost.", True),
    "0A": ("unsupported", "The store does not support this.", False),
    "22": ("invalid_value", "A value does not fit what the statement does with it.", False),
    "22003": ("invalid_value", "A number is out of range.", False),
    "22012": ("invalid_value", "Division by zero.", False),
    "22P02": ("invalid_value", "A text cannot be read as the type it is used as.", False),
    "22007": ("invalid_value", "A text cannot be read as a date or time.", False),
    "22008": ("invalid_value", "A date or time is out of range.", False),
    "23": ("constraint", "A constraint of the table was violated.", False),
    "25": ("unsupported", "The statement is not possible in this transaction.", False),
    "25P03": ("timeout", "The transaction was idle for too long.", True),
    "25006": ("read_only", "This session may only read.", False),
    "28": ("sign_in", "The store refused the account.", False),
    "3D": ("unknown_object", "The database does not exist.", False),
    "3F": ("unknown_object", "The schema does not exist.", False),
    "40": ("conflict", "Another transaction won; try again.", True),
    "42": ("syntax", "The statement is not valid.", False),
    "42501": ("forbidden", "The account has no right to one of these objects.", False),
    "42601": ("syntax", "The statement has a syntax error.", False),
    "42703": ("unknown_object", "A column does not exist.", False),
    "42704": ("unknown_object", "An object or type does not exist.", False),
    "42883": ("unknown_object", "A function or operator does not exist for these types.", False),
    "42P01": ("unknown_object", "A table does not exist.", False),
    "42P02": ("syntax", "The statement has a parameter without a value.", False),
    "53": ("busy", "The store lacks memory, disk space or connections.", True),
    "53400": ("unsupported", "The statement would write more to disk than it may: ask for less at a time.", False),
    "54": ("unsupported", "The statement is too complex for the store.", False),
    "55P03": ("busy", "Another session holds a lock on the data.", True),
    "57014": ("cancelled", "The statement was cancelled.", False),
    "57P": ("unreachable", "The store is shutting down or starting.", True),
    "58": ("internal", "The store had an internal error.", True),
}
TIMEOUT = re.compile(r"statement timeout|timed out|timeout expired", re.IGNORECASE)
SIGN_IN = re.compile(r"password authentication failed|no password supplied|role .* does not exist", re.IGNORECASE)


def from_psycopg(store: str, error: psycopg.Error) -> StoreError:
    position = error.diag.statement_position
    return translate(store, error.sqlstate, str(error), int(position) if position else None)


def from_adbc(store: str, error: Exception) -> StoreError:
    """`error` is an `adbc_driver_manager.Error`, or what pyarrow raises when a stream breaks."""
    state, position = None, None
    if isinstance(error, adbc_driver_manager.Error):
        state = error.sqlstate
        # The driver's annotation says str; what comes is bytes.
        details: dict[Any, bytes] = dict(error.details or ())
        found = details.get(b"PG_DIAG_STATEMENT_POSITION")
        position = int(found) if found else None
    return translate(store, state, str(error), position)


def translate(store: str, state: str | None, message: str, position: int | None) -> StoreError:
    if not state:
        return _without_state(store, message)
    matches = (STATES[state[:length]] for length in (5, 3, 2) if state[:length] in STATES)
    code, public, retryable = next(matches, ("internal", "The store had an internal error.", False))
    if code == "cancelled" and TIMEOUT.search(message):
        code, public = "timeout", "The statement ran longer than it may."
    if code == "invalid_value" and SEVERAL_DIMENSIONS in message:
        public = "An array has several dimensions. Cast it to text or give it to to_jsonb()."
    return StoreError(
        f"{message} [{state}]", store=store, public=public, retryable=retryable, code=code, position=position
    )


def _without_state(store: str, message: str) -> StoreError:
    """Errors of the client library: the server never answered, or went away while it did."""
    code: ErrorCode = "unreachable"
    public, retryable = "The store cannot be reached.", True
    if SIGN_IN.search(message):
        code, public, retryable = "sign_in", "The store refused the account.", False
    return StoreError(message, store=store, public=public, retryable=retryable, code=code)


def no_twin(store: str, error: Exception) -> StoreError:
    return StoreError(
        str(error),
        store=store,
        public="A value of the result has no exact representation: NaN or infinity in a decimal column, or an array of "
        "several dimensions. Cast it to text.",
        retryable=False,
        code="invalid_value",
    )


def no_columns(store: str) -> StoreError:
    return StoreError(
        "a query without columns",
        store=store,
        public="The query gives rows without a single column. Name one, or count the rows.",
        retryable=False,
        code="unsupported",
    )
