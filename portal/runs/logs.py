"""Log lines: collected by the step, written in batches from one thread of the worker, so that no step waits."""

import threading
from collections import deque
from datetime import datetime

from django.db import Error, connection, transaction
from django.utils import timezone

from portal.runs.claims import Claim
from portal.runs.dispatch import announce

FLUSH_SECONDS = 0.3
BATCH = 500
WAITING_LIMIT = 5_000  # lines kept while the database cannot be reached
ATTEMPT_LIMIT = 20_000  # lines one attempt may write: a child in a loop must not fill the disk
LEVELS = ("debug", "info", "warning", "error")

_WRITE = """
    INSERT INTO runs_logline (run_id, step_id, attempt, at, level, text)
    SELECT s.run_id, s.id, s.attempt, l.at, l.level, l.text
    FROM unnest(%s::timestamptz[], %s::text[], %s::text[]) WITH ORDINALITY AS l(at, level, text, n)
    JOIN runs_step s ON s.id = %s AND s.attempt = %s AND s.state = 'running'
    ORDER BY l.n
"""
Line = tuple[datetime, str, str]


def write(run_id: int, step_id: int, attempt: int, lines: list[Line]) -> None:
    """Writes the lines if the attempt owns its step; drops them otherwise.

    The lock makes ids within one run visible in their order: a page that has read up to id n misses nothing below.
    """
    moments, levels, texts = (list(part) for part in zip(*lines, strict=True))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('portico.runs.log'), %s)", [run_id % 2**31])
        cursor.execute(_WRITE, [moments, levels, texts, step_id, attempt])
        announce(run_id)


class LogBuffer:
    """The lines of one attempt on their way to the table."""

    def __init__(self, claim: Claim) -> None:
        self._claim = claim
        self._lines: deque[Line] = deque(maxlen=WAITING_LIMIT)
        self._lock, self._flushing = threading.Lock(), threading.Lock()
        self._count = 0

    def add(self, text: str, level: str) -> None:
        level = level if level in LEVELS else "info"
        with self._lock:
            self._count += 1
            if self._count > ATTEMPT_LIMIT:
                return
            if self._count == ATTEMPT_LIMIT:
                text, level = f"more than {ATTEMPT_LIMIT} lines: the rest is not kept", "warning"
            # PostgreSQL's text cannot hold NUL.
            self._lines.append((timezone.now(), level, text.replace("\x00", "")))

    def flush(self) -> None:
        """Raises nothing: lines that could not be written are tried again with the next batch."""
        with self._flushing:
            while batch := self._next():
                try:
                    write(self._claim.run_id, self._claim.step_id, self._claim.attempt, batch)
                except Error:
                    with self._lock:
                        self._lines.extendleft(reversed(batch))
                    connection.close()
                    return

    def _next(self) -> list[Line]:
        with self._lock:
            return [self._lines.popleft() for _ in range(min(BATCH, len(self._lines)))]
