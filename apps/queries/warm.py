"""A worker that has just started imports what the first query needs, while nobody waits for it."""

import importlib
import threading

from celery.signals import worker_ready

NEEDED = (
    "pyarrow.parquet",
    "portal.stores.postgres.store",
    "portal.stores.postgres.read",
    "portal.stores.mongo.store",
    "portal.stores.mongo.read",
    "portal.stores.snowflake.store",
    "portal.stores.snowflake.rows",
    "apps.queries.steps",
)


def start(**_: object) -> threading.Thread:
    """In a thread: the worker is ready and its heart beats meanwhile."""
    thread = threading.Thread(target=load, name="warm-up", daemon=True)
    thread.start()
    return thread


def load() -> None:
    for name in NEEDED:
        importlib.import_module(name)


def connect() -> None:
    worker_ready.connect(start, dispatch_uid="queries.warm")
