"""The scheduler, which writes that it lives each time it really looks at its schedule."""

import logging
import socket
import time
from contextlib import suppress
from typing import Any

from celery.beat import PersistentScheduler
from django.db import Error, connection

from portal.runs import health

log = logging.getLogger(__name__)


class Scheduler(PersistentScheduler):  # type: ignore[misc]
    """Keeps the times of last runs in a file, so that what is due every six hours survives a restart."""

    _told_at = 0.0

    def tick(self, *args: Any, **kwargs: Any) -> Any:
        pause = super().tick(*args, **kwargs)
        if time.monotonic() - self._told_at >= health.BEAT_SECONDS:
            self._told_at = time.monotonic()
            self._tell()
        return pause

    def _tell(self) -> None:
        try:
            health.beat("scheduler", socket.gethostname())
        except Error as error:
            log.warning("heartbeat: the database did not answer (%s)", type(error).__name__)
            with suppress(Error):
                connection.close()
