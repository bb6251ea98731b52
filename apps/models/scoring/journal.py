"""The log of inferences as the service keeps it: answers go into a queue, one thread writes them in batches.

An answer that cannot be logged is not given: without room in the queue the request is refused. SIGTERM writes what is
left; a process that is killed loses what came in the last half second or so.
"""

import logging
import queue
import threading
import time

from django.db import DataError, Error, IntegrityError, close_old_connections, connection

from apps.models import inferences
from apps.models.inferences import Scored

log = logging.getLogger(__name__)
ROOM = 10_000
BATCH = 500
EVERY_S = 0.5
LAST_CHANCE_S = 4.0


class Journal:
    def __init__(self) -> None:
        self._queue: queue.Queue[Scored] = queue.Queue(ROOM)
        self._ending = threading.Event()
        self._ended_at = 0.0
        self._thread = threading.Thread(target=self._work, name="journal", daemon=True)

    def start(self) -> None:
        self._thread.start()

    @property
    def has_room(self) -> bool:
        return not self._queue.full() and not self._ending.is_set()

    @property
    def waiting(self) -> int:
        return self._queue.qsize()

    def add(self, scored: Scored) -> bool:
        """False: there is no room, and the answer must not be given."""
        try:
            self._queue.put_nowait(scored)
        except queue.Full:
            return False
        return True

    def end(self) -> int:
        """Writes what is left. Returns how many could not be written."""
        self._ended_at = time.monotonic()
        self._ending.set()
        self._thread.join(LAST_CHANCE_S + 1)
        return self._queue.qsize()

    def _work(self) -> None:
        batch: list[Scored] = []
        while batch or not (self._ending.is_set() and self._queue.empty()):
            batch = batch or self._gather()
            if not batch:
                continue
            if self._written(batch):
                batch = []
            elif self._ending.is_set() and time.monotonic() - self._ended_at > LAST_CHANCE_S:
                log.error("%s inferences could not be written before the end", len(batch) + self._queue.qsize())
                break
        connection.close()

    def _gather(self) -> list[Scored]:
        """What comes within half a second, or at once when there is enough or the end is near."""
        found: list[Scored] = []
        until = time.monotonic() + EVERY_S
        while len(found) < BATCH and (wait := until - time.monotonic()) > 0:
            try:
                found.append(self._queue.get(timeout=0.01 if self._ending.is_set() else wait))
            except queue.Empty:
                break
        return found

    def _written(self, batch: list[Scored]) -> bool:
        try:
            close_old_connections()
            inferences.write(batch)
        except (IntegrityError, DataError):
            one_by_one(batch)
        except Error as error:
            log.warning("%s inferences wait: the database did not take them (%s)", len(batch), type(error).__name__)
            connection.close()
            self._ending.wait(0.5)
            return False
        return True


def one_by_one(batch: list[Scored]) -> None:
    """One that the database refuses (its caller was removed meanwhile) must not hold up the others for ever."""
    for scored in batch:
        try:
            inferences.write([scored])
        except (IntegrityError, DataError) as error:
            log.error("inference %s is not kept: %s", scored.request_id, type(error).__name__)
