"""Results as a holder: a query that was under way may have read before an erasure, so that its answer is waited for."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from apps.queries import holder, results, services
from apps.queries.holder import RESULTS, Answers
from apps.queries.models import Execution
from apps.queries.sealing import seal
from apps.queries.types import AnswerColumn, Outcome
from portal.accounts.models import User
from portal.audit.types import Actor
from portal.holders import HolderSilent, Traces
from portal.runs.models import Run
from portal.runs.services import start_run

ADDRESS = "zoe.kanarie@example.org"
TRACES = Traces({}, frozenset({ADDRESS}))


def running(user: User) -> Execution:
    row = Execution(owner=user, source="oltp", purpose="analytics", status=Execution.Status.RUNNING)
    row.text = seal(b"select email from customers", f"text:{row.pk}")
    row.save(force_insert=True)
    return row


def answer(row: Execution) -> None:
    """What it read before the erasure."""
    import pyarrow as pa

    results.write(row.pk, iter([pa.RecordBatch.from_pydict({"email": [ADDRESS, "-"]})]), ["email"], by_name=False)
    services.finish(key=row.pk, outcome=Outcome((AnswerColumn("email", "text", "no"),)), rows=2, truncated=False)


def meanwhile(monkeypatch: pytest.MonkeyPatch, act: Callable[[], Any]) -> list[float]:
    """Lets something happen in the holder's first pause."""
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 1:
            act()

    monkeypatch.setattr(holder, "sleep", pause)
    return pauses


def test_a_query_that_was_under_way_is_waited_for_and_found(
    db: None, analyst: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = running(analyst)
    pauses = meanwhile(monkeypatch, lambda: answer(row))
    assert {held.place: held.count for held in Answers().find(TRACES)}[RESULTS] == 1
    assert len(pauses) == 1


def test_rows_of_a_cancelled_query_are_not_kept(db: None, analyst: User) -> None:
    """Its worker was still writing when it was cancelled."""
    row = running(analyst)
    services.cancelled(key=row.pk)
    answer(row)
    assert results.path_of(row.pk).exists()
    services.drop_unwanted(key=row.pk)
    assert not results.path_of(row.pk).exists()
    kept = running(analyst)
    answer(kept)
    services.drop_unwanted(key=kept.pk)
    assert results.path_of(kept.pk).exists()


def test_one_that_begins_meanwhile_holds_nothing_up(db: None, analyst: User, monkeypatch: pytest.MonkeyPatch) -> None:
    row = running(analyst)

    def act() -> None:
        running(analyst)
        answer(row)

    meanwhile(monkeypatch, act)
    assert {held.place: held.count for held in Answers().erase(TRACES, check=lambda: None)}[RESULTS] == 1
    assert not results.path_of(row.pk).exists()
    assert Execution.objects.filter(status=Execution.Status.RUNNING).count() == 1


def test_one_that_does_not_end_is_told(db: None, analyst: User, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    running(analyst)
    monkeypatch.setattr(holder, "GRACE_S", 0)
    settings.QUERY_TIMEOUT_SECONDS = 0
    with pytest.raises(HolderSilent, match="1 of the queries"):
        Answers().find(TRACES)


def test_one_whose_worker_died_for_good_holds_nothing_up(
    db: None, analyst: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = running(analyst)
    with transaction.atomic():
        run = start_run(actor=Actor.of(analyst), plan=services.plan_of(row), started_by=analyst)
    Execution.objects.filter(pk=row.pk).update(run_id=run.pk)
    meanwhile(monkeypatch, lambda: Run.objects.filter(pk=run.pk).update(state="failed"))
    assert {held.place: held.count for held in Answers().find(TRACES)}[RESULTS] == 0
    row.refresh_from_db()
    assert row.status == Execution.Status.FAILED
