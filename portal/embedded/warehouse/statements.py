"""One running statement of a session, and the ways it is stopped before its end."""

import asyncio
import contextlib
import re
from collections.abc import Iterator
from typing import Any

SET_TIMEOUT = re.compile(
    r"\s*alter\s+session\s+(?:set\s+statement_timeout_in_seconds\s*=\s*(\d+)|unset\s+statement_timeout_in_seconds)",
    re.IGNORECASE,
)
TIMEOUT = "STATEMENT_TIMEOUT_IN_SECONDS"
DEFAULT_TIMEOUT_S = 172_800  # Snowflake's
EVERY_S = 0.1


class Session:
    """What we know about one of fakesnow's connections: whose, from where, and what it runs."""

    def __init__(self, user: str, connection: Any, parameters: dict[str, Any]) -> None:
        self.user = user
        self.connection = connection
        self.timeout_s = int(parameters.get(TIMEOUT) or DEFAULT_TIMEOUT_S)
        self.peer: tuple[str, int] | None = None
        self.used = 0.0
        self.request_id = ""
        self.interrupted = ""
        self.turn = asyncio.Lock()  # a DuckDB connection runs one statement at a time
        self._stopper: asyncio.Task[None] | None = None

    @contextlib.contextmanager
    def running(self, request_id: str, timeout_s: int) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        self.request_id, self.interrupted = request_id, ""
        reason = f"Statement reached its statement or warehouse timeout of {timeout_s} second(s) and was canceled."
        alarm = loop.call_later(timeout_s, self.interrupt, reason)
        try:
            yield
        finally:
            alarm.cancel()
            self.request_id = ""
            if self._stopper:
                self._stopper.cancel()
                self._stopper = None

    def interrupt(self, reason: str) -> None:
        if self.request_id and not self._stopper:
            self.interrupted = reason
            self._stopper = asyncio.get_running_loop().create_task(self._keep_interrupting())

    async def _keep_interrupting(self) -> None:
        """Once would be lost when the statement is between being read and being run."""
        while True:
            self.connection._duck_conn.interrupt()
            await asyncio.sleep(EVERY_S)

    def roll_back(self) -> None:
        """Whoever opened this transaction is gone; its uncommitted rows would stand in the way of others."""
        import duckdb

        with contextlib.suppress(duckdb.Error):
            self.connection._duck_conn.rollback()
        self.connection._in_transaction = False

    def note_timeout(self, text: str) -> None:
        if found := SET_TIMEOUT.match(text):
            self.timeout_s = int(found[1] or 0) or DEFAULT_TIMEOUT_S

    def timeout_for(self, parameters: dict[str, Any]) -> int:
        return int(parameters.get(TIMEOUT) or self.timeout_s)
