"""Celery carries messages; the table of steps decides who works on what (see `portal.runs`).

    celery --quiet -A portal.celery worker --pool threads --concurrency 10 -Q control,queries,steps \
        --without-gossip --without-mingle --without-heartbeat --loglevel INFO
    celery --quiet -A portal.celery beat --loglevel WARNING

One process serves all three queues. `settings.RUN_SLOTS` bounds how many of its threads each queue may take (4 + 4),
so that a long load never takes the room of a query, and two threads always remain for "control" (the sweeper).
More workers may be started anywhere; give the concurrency as the sum of the slots plus two.

SIGTERM and SIGINT stop a worker in order: its steps are told, give their work back, and run again elsewhere.
"""

import logging
import os
import warnings
from datetime import timedelta
from typing import Any

from celery import Celery
from celery.platforms import SecurityWarning
from celery.signals import beat_init, setup_logging, worker_ready, worker_shutdown, worker_shutting_down

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

from django.conf import settings

log = logging.getLogger(__name__)
# Being started by root is allowed here; what Celery fears are pickled messages, and ours are JSON with ids.
warnings.filterwarnings("ignore", category=SecurityWarning)

app = Celery("portico")
app.conf.update(
    broker_url=settings.BROKER_URL,
    task_ignore_result=True,
    task_default_queue="control",
    # A message is acknowledged after its task, and a worker takes no more than it has threads, so nothing sits in a
    # busy worker while another is idle. A message that is delivered again finds its step claimed or done, and ends.
    task_acks_late=True,
    worker_prefetch_multiplier=1,
    broker_transport_options={
        "visibility_timeout": 2 * 3600,
        "socket_timeout": 10,
        "socket_connect_timeout": 5,
        "socket_keepalive": True,
    },
    broker_connection_retry_on_startup=True,
    # A message that cannot be sent now is sent by the sweeper: nobody waits for the broker.
    task_publish_retry_policy={"max_retries": 1, "interval_start": 0.1, "interval_max": 0.1},
    worker_redirect_stdouts=False,
    worker_send_task_events=False,
    worker_enable_remote_control=False,
    timezone="UTC",
    beat_scheduler="portal.runs.beat:Scheduler",
    beat_schedule_filename=str(settings.HOME / "beat-schedule"),
    beat_max_loop_interval=2,
    beat_schedule={
        name: {
            "task": entry["task"],
            "schedule": timedelta(seconds=float(str(entry["every_s"]))),
            # A scheduler that outlives the workers would otherwise leave them a heap of the same message.
            "options": {"queue": "control", "expires": float(str(entry["every_s"]))},
        }
        for name, entry in settings.PERIODIC.items()
    },
)
app.set_default()
app.autodiscover_tasks()


@setup_logging.connect
def _logging_as_settings_say(**_: object) -> None:
    """Django has set it up; with a receiver here, Celery leaves it alone."""


@worker_ready.connect
def _worker_lives(sender: Any = None, **_: object) -> None:
    from portal.runs.keeper import keeper

    log.info("worker %s is ready", getattr(sender, "hostname", ""))
    keeper.start(f"{getattr(sender, 'hostname', 'worker')}, process {os.getpid()}")


@worker_shutting_down.connect
def _steps_give_back(**_: object) -> None:
    from portal.runs.keeper import keeper

    keeper.stop_steps()


@worker_shutdown.connect
def _worker_ends(**_: object) -> None:
    from portal.runs.keeper import keeper

    keeper.end()


@beat_init.connect
def _scheduler_lives(**_: object) -> None:
    settings.HOME.mkdir(parents=True, exist_ok=True)
