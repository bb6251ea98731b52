"""Messages to workers and to open pages. Correctness needs none of them: the sweeper sends again, pages poll."""

import logging
from collections.abc import Iterable
from datetime import timedelta
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import DateTimeField, ExpressionWrapper
from django.db.models.expressions import Combinable
from django.db.models.functions import Now

from portal.runs.models import Step

log = logging.getLogger(__name__)
TASK = "portal.runs.tasks.run_step"


def from_now(seconds: float) -> Combinable:
    """The database's clock, so that workers with a wrong one agree on leases."""
    return ExpressionWrapper(Now() + timedelta(seconds=seconds), output_field=DateTimeField())


def send_after_commit(steps: Iterable[Step]) -> None:
    messages = [(step.pk, step.queue) for step in steps]
    transaction.on_commit(lambda: send(messages))


def send(messages: Iterable[tuple[int, str]]) -> None:
    from kombu.exceptions import OperationalError
    from redis.exceptions import RedisError

    from portal.celery import app

    for step_id, queue in messages:
        try:
            app.send_task(TASK, args=[step_id], queue=queue)
        except (OperationalError, RedisError, OSError) as error:
            log.warning("step %s waits for the broker (%s); the sweeper sends it", step_id, type(error).__name__)
            return


def channel(run_id: int) -> str:
    return f"portico:run:{run_id}"


@lru_cache(maxsize=1)
def _valkey() -> Any:
    from redis import Redis

    return Redis.from_url(settings.BROKER_URL, socket_timeout=2, socket_connect_timeout=2)


def announce(run_id: int) -> None:
    """Wakes the pages that follow this run, after commit."""
    transaction.on_commit(lambda: publish(run_id))


def publish(run_id: int) -> None:
    from redis.exceptions import RedisError

    try:
        _valkey().publish(channel(run_id), "1")
    except (RedisError, OSError):
        log.debug("nobody told that run %s changed", run_id)
