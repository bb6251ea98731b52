"""Look-ups in a database that commits: with a real worker behind them, and several at once."""

import threading
from typing import Any

from django.db import connection
from django.test import Client
from django.urls import reverse

from apps.catalog.models import Dataset
from apps.queries.look_ups import selectors, services
from apps.queries.look_ups.types import TooMany, Wanted
from apps.queries.models import Execution, LookUp
from portal.accounts.models import User
from portal.accounts.types import Purpose
from portal.audit.models import Event
from portal.audit.types import Actor
from tests.runs.processes import Celery, eventually
from tests.vault import CUSTOMERS, govern, leaks

REASON = "Ticket 5521: a refund"


def test_a_worker_answers_it(worker: Celery, live_db: None, analyst: User, settings: Any) -> None:
    settings.RESULTS_DIR = settings.HOME / "results"  # where the worker writes
    govern("oltp")
    client = Client()
    client.force_login(analyst)
    place = f"{Dataset.objects.get(name='customers').pk}:email"
    page = client.post(reverse("queries:look-up"), {"place": place, "value": str(CUSTOMERS[0][1]), "reason": REASON})
    row = Execution.objects.get()
    eventually(lambda: Execution.objects.get().ended)
    body = client.get(reverse("queries-api:execution", args=[row.pk])).json()
    assert (body["status"], body["row_count"]) == ("done", 1), worker.logs()
    assert body["rows"][0][:2] == [1, "***@example.org"]
    shown = client.get(page["Location"]).content.decode()
    assert "***@example.org" in shown
    assert "the token of your value" in shown
    eventually(lambda: not selectors.kept_of(LookUp.objects.get()).token)
    trail = "".join(Event.objects.values_list("payload", flat=True))
    assert leaks(f"{shown} {body} {trail} {worker.logs()}") == []
    assert list(Event.objects.filter(target_kind="query").order_by("at").values_list("action", flat=True)) == [
        "queries.decided",
        "queries.finished",
    ]


def test_of_many_at_once_no_more_pass_than_may(live_db: None, analyst: User, settings: Any) -> None:
    settings.LOOKUPS_PER_HOUR = 2
    govern("oltp")
    dataset = Dataset.objects.get(name="customers")
    told: list[str] = []
    start = threading.Barrier(6)

    def one() -> None:
        start.wait()
        wanted = Wanted("email", "somebody@example.org", REASON)
        try:
            services.look_up(
                actor=Actor.of(analyst), user=analyst, purpose=Purpose.ANALYTICS, dataset=dataset, wanted=wanted
            )
            told.append("asked")
        except TooMany:
            told.append("too many")
        finally:
            connection.close()

    threads = [threading.Thread(target=one) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == ["asked"] * 2 + ["too many"] * 4
    assert LookUp.objects.count() == 2
