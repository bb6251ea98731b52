"""DuckDB's and fakesnow's failures in Snowflake's own form. Anything else becomes HTTP 500, which the connector
retries until its network time is up."""

import duckdb
from snowflake.connector.errors import ProgrammingError
from sqlglot.errors import SqlglotError

# What fakesnow raises where it meets a statement it was not written for.
GAPS = (
    AssertionError,
    AttributeError,
    KeyError,
    IndexError,
    TypeError,
    ValueError,
    NotImplementedError,
    RecursionError,
)
KNOWN: tuple[tuple[type[Exception], int, str], ...] = (
    (duckdb.ConstraintException, 100072, "22000"),
    (duckdb.ConversionException, 100038, "22018"),
    (duckdb.OutOfRangeException, 100058, "22003"),
    (duckdb.InvalidInputException, 100038, "22018"),
    (duckdb.OutOfMemoryException, 300005, "53200"),
    (duckdb.TransactionException, 625, "40001"),
    (duckdb.NotImplementedException, 2, "0A000"),
    (duckdb.PermissionException, 3001, "42501"),
    (duckdb.ParserException, 1003, "42000"),
    (duckdb.IOException, 300010, "58030"),
    (SqlglotError, 1003, "42000"),
)


def as_snowflake(error: Exception, interrupted: str) -> ProgrammingError:
    """`interrupted` is why the statement was stopped, when it was."""
    if isinstance(error, duckdb.InterruptException):
        if interrupted.startswith("Statement reached"):
            return ProgrammingError(msg=interrupted, errno=630, sqlstate="57014")
        return ProgrammingError(msg="SQL execution canceled", errno=604, sqlstate="57014")
    for kind, errno, sqlstate in KNOWN:
        if isinstance(error, kind):
            return ProgrammingError(msg=first_line(error), errno=errno, sqlstate=sqlstate)
    if isinstance(error, duckdb.Error):
        return ProgrammingError(msg=first_line(error), errno=100132, sqlstate="P0000")
    return unsupported(type(error).__name__)


def unsupported(why: str) -> ProgrammingError:
    return ProgrammingError(
        msg=f"Unsupported feature: the local warehouse emulator cannot run this statement ({why}).",
        errno=2,
        sqlstate="0A000",
    )


def first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
