"""One door: with the gate shut, no address of queries shows a value or starts a query, whatever is sent to it.

The addresses are read from the resolver: one that is added later is visited, too.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from apps.catalog.models import Dataset
from apps.compliance import gate
from apps.compliance.policy.types import Refused
from apps.queries.models import SavedQuery, Schedule
from apps.queries.saved.services import save_query
from apps.queries.saved.types import Draft
from apps.queries.schedules import services as schedules
from portal.accounts.models import User
from portal.accounts.types import Purpose
from portal.audit.types import Actor
from portal.runs.models import Run
from tests.answers import with_result
from tests.house.test_addresses import ADDRESSES, proposal
from tests.vault import govern

TEXT = "select id, status from charges"
CANARY = "kanarie-in-a-result"
QUERIES = sorted(name for name in ADDRESSES if name.startswith(("queries:", "queries-api:")))
SHUT = Refused("shut", "The gate is shut.")


@pytest.fixture
def things(db: None, analyst: User, settings: Any, tmp_path: Any) -> dict[str, object]:
    settings.RESULTS_DIR = tmp_path / "results"
    govern("oltp")
    row = with_result(analyst, TEXT, {"id": [1], "status": [CANARY]})
    query = save_query(actor=Actor.of(analyst), owner=analyst, draft=Draft("Mine", "oltp", TEXT))
    Run.objects.all().delete()
    entry = proposal(analyst)
    return {
        "execution": row.pk,
        "saved": query.pk,
        "entry": entry.pk,
        "pk": Dataset.objects.get(name="charges").pk,
    }


@pytest.fixture
def shut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "decide", lambda *_: SHUT)
    monkeypatch.setattr(gate, "_kept", gate.Kept(1))


def visits(user: User, things: dict[str, object]) -> Iterator[tuple[str, str, bytes, int]]:
    """Every address with everything that any of them may want, as its owner; and how many queries that started."""
    body = {
        "source": "oltp", "text": TEXT, "title": "x", "times": "every 1 day", "value": "1",
        "place": f"{things['pk']}/id",
        "reason": "Somebody asked about it.", "execution": str(things["execution"]), "column": "1", "q": "",
    }  # fmt: skip
    for name in QUERIES:
        address = reverse(name, kwargs={key: things[key] for key in ADDRESSES[name]})
        for method in ("get", "post"):
            client = Client()
            client.force_login(user)
            sent = {**body, "format": "csv"} if "export" in name else body
            with transaction.atomic():
                before = Run.objects.count()
                kind = (
                    {"content_type": "application/json"} if name.startswith("queries-api:") and method == "post" else {}
                )
                answer = getattr(client, method)(address, sent, **kind)
                content = b"".join(answer) if answer.streaming else answer.content
                yield name, method, content, Run.objects.count() - before
                transaction.set_rollback(True)


def test_with_the_gate_open_values_are_shown_and_queries_start(analyst: User, things: dict[str, object]) -> None:
    """So that the walk below is no walk through empty rooms."""
    found = list(visits(analyst, things))
    shown = {name for name, _, content, _ in found if CANARY.encode() in content}
    started = {name for name, _, _, runs in found if runs}
    assert {"queries:console", "queries-api:execution", "queries:sample"} <= shown
    assert {"queries:console", "queries-api:executions", "queries:sample"} <= started


def test_with_the_gate_shut_nothing_is_shown_and_nothing_starts(
    analyst: User, things: dict[str, object], shut: None
) -> None:
    leaks = [
        (name, method, runs)
        for name, method, content, runs in visits(analyst, things)
        if runs or CANARY.encode() in content
    ]
    assert leaks == []


def test_a_schedule_meets_the_shut_gate(analyst: User, things: dict[str, object], shut: None) -> None:
    query = SavedQuery.objects.get(pk=things["saved"])
    schedules.set_schedule(
        actor=Actor.of(analyst), user=analyst, query=query, times="every 1 day", purpose=Purpose.ANALYTICS
    )
    Schedule.objects.update(next_at=timezone.now())
    (row,) = schedules.start_due(timezone.now())
    assert (row.status, row.run_id) == ("refused", None)
