"""Two who change the promotion ledger in the same moment, in threads with connections of their own."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from django.db import connections

from apps.models import promotions, registry, tasks
from apps.models.models import Promotion
from apps.models.promotions import NotPromoted, State
from portal.accounts.models import User
from portal.accounts.types import Role
from portal.audit.models import Event
from portal.audit.types import Actor
from portal.workflow import ForbiddenMove, StaleState
from tests.models import builders
from tests.models.conftest import Registry
from tests.people import person


def in_threads(*works: Callable[[], object]) -> list[Future[object]]:
    def closing(work: Callable[[], object]) -> object:
        try:
            return work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(works)) as pool:
        return [pool.submit(closing, work) for work in works]


def approved_by(who: User, entry: Promotion) -> Promotion:
    own = Promotion.objects.select_related("model", "version").get(pk=entry.pk)
    return promotions.approve(actor=Actor.of(who), person=who, entry=own)


def moves() -> list[str]:
    found = Event.objects.filter(action__startswith="models.promotion_").order_by("at", "pk")
    return list(found.values_list("action", flat=True))


def test_two_approvals_at_once_are_one(
    live_db: None,
    engineer: User,
    second_engineer: User,
    mlflow_says: Registry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    third = person("third", Role.ENGINEER)
    entry = builders.checked(builders.requested(engineer, builders.version()))
    both = threading.Barrier(2, timeout=20)

    def exists(name: str, number: int) -> bool:
        both.wait()
        return True

    monkeypatch.setattr(registry, "version_exists", exists)
    ends = in_threads(lambda: approved_by(second_engineer, entry), lambda: approved_by(third, entry))
    errors = [type(end.exception()) for end in ends if end.exception() is not None]
    assert len(errors) == 1
    assert errors[0] in (StaleState, ForbiddenMove, NotPromoted)
    assert Promotion.objects.get().state == State.APPLIED
    assert moves() == ["models.promotion_requested", "models.promotion_approved", "models.promotion_applied"]


def test_an_approval_and_the_reconcile_at_once_apply_it_once_and_nobody_is_told_of_an_error(
    live_db: None,
    engineer: User,
    second_engineer: User,
    mlflow_says: Registry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The approval has told MLflow and is slow to write it down; the reconcile finds the entry and is quicker."""
    entry = builders.checked(builders.requested(engineer, builders.version()))
    there, set_alias = threading.Event(), registry.set_alias

    def slow(name: str, number: int) -> None:
        set_alias(name, number)
        if not there.is_set():
            there.set()
            eventually(lambda: Promotion.objects.get().state == State.APPLIED)

    def reconcile() -> None:
        assert there.wait(20)
        tasks.reconcile_aliases()

    monkeypatch.setattr(registry, "set_alias", slow)
    approval, reconciled = in_threads(lambda: approved_by(second_engineer, entry), reconcile)
    assert reconciled.exception() is None
    answer = approval.result()
    assert isinstance(answer, Promotion)
    assert answer.state == State.APPLIED
    assert mlflow_says.alias == 1
    assert moves() == ["models.promotion_requested", "models.promotion_approved", "models.promotion_applied"]


def eventually(so: Callable[[], bool]) -> None:
    until = time.monotonic() + 20
    while not so():
        assert time.monotonic() < until
        time.sleep(0.02)
