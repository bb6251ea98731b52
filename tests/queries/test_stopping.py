"""A query that is cancelled, or takes too long, stops in the store itself: the store is asked, not the client."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.queries import selectors
from apps.queries.models import Execution
from portal.accounts.models import User
from portal.stores import open_store
from portal.stores.types import Sql
from tests.runs.processes import Celery
from tests.vault import govern

LONG_SQL = "select count(*) from generate_series(1, 2000000000) a"
PIPELINE = """{"collection": "sessions", "pipeline": [
    {"$densify": {"field": "minutes", "range": {"step": 1, "bounds": [0, 400000]}}},
    {"$lookup": {"from": "sessions", "localField": "status", "foreignField": "status", "as": "x"}},
    {"$group": {"_id": null, "n": {"$sum": {"$size": "$x"}}}}]}"""


def at_work_in_sql() -> int:
    """Queries of the account for people's queries that PostgreSQL is working on."""
    with open_store("oltp", "gate").read(
        Sql("select count(*) from pg_stat_activity where state = 'active' and query like '%2000000000%' "
            "and pid <> pg_backend_pid()"),
        batch_rows=1,
    ) as rows:  # fmt: skip
        return int(next(iter(rows)).to_pylist()[0]["count"])


def at_work_in_documents() -> int:
    import pymongo
    from django.conf import settings

    with pymongo.MongoClient[Any](settings.STORES["documents"]["accounts"]["gate"]) as client:
        found = client.admin.command({"currentOp": 1, "$ownOps": True, "active": True, "ns": {"$regex": "sessions$"}})
        return len(found["inprog"])


def until(what: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not what():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


@pytest.mark.usefixtures("mongo")
@pytest.mark.parametrize(
    ("source", "text", "at_work"),
    [("oltp", LONG_SQL, at_work_in_sql), ("documents", PIPELINE, at_work_in_documents)],
)
def test_cancel_reaches_the_store(
    worker: Celery, analyst: User, source: str, text: str, at_work: Callable[[], int]
) -> None:
    govern(source)
    client = Client()
    client.force_login(analyst)
    client.post(reverse("queries:console"), {"source": source, "text": text})
    row = Execution.objects.get()
    assert until(lambda: at_work() > 0, 30), (row.status, selectors.outcome_of(row).refusal, worker.logs())
    client.post(reverse("queries:cancel", args=[row.pk]))
    assert until(lambda: at_work() == 0, 5), "still at work"
    row.refresh_from_db()
    assert row.status == "cancelled"
