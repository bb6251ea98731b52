"""One statement on one session: placeholders, time limit, cancelling, errors."""

import threading
from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from snowflake.connector import SnowflakeConnection, errors
from snowflake.connector.cursor import SnowflakeCursor

from portal.stores.placeholders import SNOWFLAKE, Bound, bind
from portal.stores.running import Running
from portal.stores.snowflake.errors import from_snowflake, refused
from portal.stores.snowflake.pool import allow
from portal.stores.types import Sql, StoreError

# An abort that arrives before its statement is lost, so it is sent again until the statement ends.
ABORT_EVERY_SECONDS, ABORTS = 0.25, 20


def run(
    store: str, connection: SnowflakeConnection, running: Running, statement: Sql, timeout_s: float
) -> SnowflakeCursor:
    """Raises StoreError. The cursor is executed; whoever asked closes it."""
    bound, values = bound_text(store, statement)
    cursor = connection.cursor()
    ended = threading.Event()
    limit = max(1, round(timeout_s))
    allow(connection, limit)
    with running.work(lambda: _abort(connection, cursor, bound.text, ended)) as cancelled:
        try:
            cursor.execute(
                bound.text,
                values,
                timeout=limit + 2,  # the server's own limit comes first, and says so
                _statement_params={"STATEMENT_TIMEOUT_IN_SECONDS": str(limit)},
            )
        except errors.Error as error:
            raise _translated(store, error, bound, stopped=cancelled.is_set()) from error
        finally:
            ended.set()
    return cursor


def _abort(connection: SnowflakeConnection, cursor: SnowflakeCursor, text: str, ended: threading.Event) -> None:
    for _ in range(ABORTS):
        if cursor._request_id is not None:  # the only name a statement has before its first answer
            with suppress(errors.Error):
                connection._cancel_query(text, cursor._request_id)
        if ended.wait(ABORT_EVERY_SECONDS):
            return


def _translated(store: str, error: errors.Error, bound: Bound, *, stopped: bool) -> StoreError:
    translated = from_snowflake(store, error, bound.text)
    translated.position = bound.original(translated.position)
    if translated.code == "cancelled" and not stopped:
        # Nobody asked for it: the connector's own clock ran out first.
        return refused(store, "timeout", "The statement ran longer than it may.")
    return translated


def bound_text(store: str, statement: Sql) -> tuple[Bound, list[Any] | None]:
    if not statement.params:
        return Bound(statement.text, 0, ()), None
    casts = [_cast(value) for value in statement.params]
    bound = bind(statement.text, SNOWFLAKE, lambda n: casts[n - 1] if n <= len(casts) else "?")
    if bound.marks != len(casts):
        raise refused(store, "syntax", "The statement has another number of parameters than were given.")
    return bound, [_value(value) for value in statement.params]


def _cast(value: object) -> str:
    """The server binds texts, whole numbers, truth and bytes as they are. The rest travels as text with its type, or
    a time would lose its zone."""
    if isinstance(value, datetime):
        return "cast(? as TIMESTAMP_TZ)" if value.tzinfo else "cast(? as TIMESTAMP_NTZ)"
    if isinstance(value, date):
        return "cast(? as DATE)"
    if isinstance(value, Decimal):
        exponent = value.as_tuple().exponent
        return f"cast(? as NUMBER(38,{max(0, -exponent) if isinstance(exponent, int) else 0}))"
    return "cast(? as FLOAT)" if isinstance(value, float) else "?"


def _value(value: object) -> object:
    if isinstance(value, datetime | date):
        return value.isoformat(" ") if isinstance(value, datetime) else value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    return repr(value) if isinstance(value, float) else value


def affected(cursor: SnowflakeCursor) -> int:
    """Rows that a statement changed; -1 for one that answers with rows or a status."""
    names: Sequence[str] = [column.name for column in cursor.description or ()]
    return int(cursor.rowcount or 0) if names and names[0].startswith("number of rows") else -1
