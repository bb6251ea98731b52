"""Asking, deciding and ending, as the gate then decides: who may say yes, how often, and for how long."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from apps.catalog.models import Column, Dataset
from apps.catalog.services import classify
from apps.catalog.types import ColumnRef
from apps.compliance import gate
from apps.compliance.access import selectors, services
from apps.compliance.access.models import AccessApproval, AccessGrant, AccessRequest
from apps.compliance.access.types import Ask, Invalid, State
from apps.compliance.policy.types import Allowed
from apps.queries.selectors import page_of
from portal.accounts.models import User
from portal.accounts.types import Purpose, Role
from portal.audit.actions import Action
from portal.audit.models import Event
from portal.audit.types import Actor
from portal.notices.models import Notice
from portal.workflow import StaleState
from tests.answers import with_result
from tests.people import person
from tests.vault import govern

SOURCES = ("oltp",)
WHY = "A merchant disputes three of these payments."
EMAIL = "select email from customers"


@pytest.fixture
def estate(any_db: None) -> None:
    govern("oltp")


def customers() -> int:
    return Dataset.objects.get(name="customers").pk


def asked(user: User, column: str = "email", *, purpose: str = "analytics", emergency: bool = False) -> AccessRequest:
    ask = Ask(column, purpose, "7", WHY, emergency)
    return services.ask(actor=Actor.of(user), user=user, dataset=customers(), ask=ask)


def approve(user: User, request: AccessRequest) -> AccessGrant | None:
    return services.approve(actor=Actor.of(user), user=user, request=request, reason=WHY)


def masks(user: User, text: str = EMAIL, purpose: Purpose = Purpose.ANALYTICS) -> list[str]:
    decision = gate.judge(user=user, purpose=purpose, source="oltp", text=text).decision
    assert isinstance(decision, Allowed), decision
    return [str(column.masked) for column in decision.columns]


def holds(column: str, category: str) -> None:
    path = tuple(Dataset.objects.get(pk=customers()).path)
    classify(actor=Actor.system("tests"), items={ColumnRef("oltp", path, column): category}, evidence="tests")


def test_a_grant_opens_one_column_for_one_person_and_purpose(
    estate: None, analyst: User, colleague: User, officer: User
) -> None:
    assert masks(analyst) == ["yes"]
    grant = approve(officer, asked(analyst))
    assert grant is not None
    assert grant.ends_at - grant.starts_at == timedelta(days=7)
    assert masks(analyst) == ["no"]
    assert masks(analyst, "select upper(email), full_name from customers") == ["no", "yes"]
    assert masks(analyst, purpose=Purpose.FRAUD_PREVENTION) == ["yes"]
    assert masks(colleague) == ["yes"]


def test_a_grant_for_a_dataset_leaves_what_no_grant_can_lift(estate: None, analyst: User, officer: User) -> None:
    approve(officer, asked(analyst, ""))
    assert masks(analyst, "select email, phone from customers") == ["no", "yes"]  # “phone-tail” names nobody


def test_a_grant_for_a_dataset_opens_no_column_that_comes_later(estate: None, analyst: User, officer: User) -> None:
    grant = approve(officer, asked(analyst, ""))
    assert grant is not None
    assert "nickname" not in grant.columns
    Column.objects.create(dataset_id=customers(), name="nickname", type="text", position=90)
    holds("nickname", "user.contact.email")
    assert masks(analyst, "select email, nickname from customers") == ["no", "yes"]


def test_a_column_that_turns_out_to_hold_more_closes(estate: None, analyst: User, officer: User) -> None:
    approve(officer, asked(analyst))
    assert masks(analyst) == ["no"]
    holds("email", "user.name")
    assert masks(analyst) == ["yes"]
    holds("email", "user.contact.email")
    assert masks(analyst) == ["no"]


def test_a_column_that_is_gone_cannot_be_opened(estate: None, analyst: User, officer: User) -> None:
    request = asked(analyst)
    Column.objects.filter(dataset=customers(), name="email").update(retired_at=timezone.now())
    with pytest.raises(Invalid, match="gone"):
        approve(officer, request)


def test_it_ends_by_itself_and_the_trail_says_so_once(estate: None, analyst: User, officer: User) -> None:
    grant = approve(officer, asked(analyst))
    now = timezone.now()
    AccessGrant.objects.filter(pk=grant.pk).update(ends_at=now)  # type: ignore[union-attr]
    assert masks(analyst) == ["yes"]
    assert services.tell_ended() == 1
    assert services.tell_ended() == 0
    assert Event.objects.filter(action=Action.ACCESS_EXPIRED).count() == 1


def test_what_was_shown_under_a_grant_is_closed_with_it(estate: None, analyst: User, officer: User) -> None:
    grant = approve(officer, asked(analyst))
    assert grant is not None
    row = with_result(analyst, EMAIL, {"email": ["zoë@example.org"]})
    assert page_of(row, 1, 10).rows == [["zoë@example.org"]]
    services.revoke(actor=Actor.of(officer), user=officer, grant=grant, reason="The dispute is settled.")
    page = page_of(row, 1, 10)
    assert (page.rows, page.total) == ([], 0)
    assert "closed" in page.closed


def test_what_was_shown_to_a_role_is_closed_with_the_role(estate: None, analyst: User) -> None:
    row = with_result(analyst, "select id from customers", {"id": [1]})
    analyst.groups.clear()
    row.owner = User.objects.get(pk=analyst.pk)
    assert page_of(row, 1, 10).closed


def test_the_trail_names_the_grant_under_which_somebody_looked(estate: None, analyst: User, officer: User) -> None:
    grant = approve(officer, asked(analyst))
    with gate.run_query(user=analyst, purpose=Purpose.ANALYTICS, source="oltp", text=EMAIL) as answer:
        rows = [row for batch in answer.batches for row in batch.to_pylist()]
    assert {"email": "zoë.kanarie@example.org"} in rows
    event = Event.objects.filter(action=Action.QUERY_DECIDED).latest("pk")
    assert f'"grants":[{grant.pk}]' in event.payload  # type: ignore[union-attr]


def test_nobody_grants_to_themselves(estate: None, analyst: User, officer: User, steward: User) -> None:
    mine = asked(officer)
    for who in (officer, analyst, steward):
        with pytest.raises(PermissionDenied):
            approve(who, mine)
    with pytest.raises(IntegrityError, match="approver_is_another"), transaction.atomic():
        AccessApproval.objects.create(request=mine, asked_by=officer, approver=officer, reason=WHY)


def test_whoever_is_called_like_a_role_does_not_decide_for_it(estate: None, analyst: User, officer: User) -> None:
    impostor = person("compliance_officer", Role.ANALYST)
    request = asked(analyst)
    with pytest.raises(PermissionDenied):
        approve(impostor, request)
    assert Notice.objects.get(kind="access_request").people == [officer.pk]


def test_the_database_wants_the_approvals_too(estate: None, analyst: User, officer: User) -> None:
    request, now = asked(analyst, emergency=True), timezone.now()
    approve(officer, request)
    AccessRequest.objects.filter(pk=request.pk).update(state=State.APPROVED, answered_at=now)
    with pytest.raises(IntegrityError, match="not enough people"), transaction.atomic():
        AccessGrant.objects.create(request=request, starts_at=now, ends_at=now + timedelta(days=1))
    with pytest.raises(IntegrityError, match="stays"), transaction.atomic():
        AccessRequest.objects.filter(pk=request.pk).update(emergency=False)


def test_a_grant_only_becomes_shorter(estate: None, analyst: User, officer: User) -> None:
    grant = approve(officer, asked(analyst))
    assert grant is not None
    with pytest.raises(IntegrityError, match="shorter"), transaction.atomic():
        AccessGrant.objects.filter(pk=grant.pk).update(ends_at=grant.ends_at + timedelta(days=1))
    with pytest.raises(IntegrityError, match="shorter"), transaction.atomic():
        AccessGrant.objects.filter(pk=grant.pk).update(columns=grant.columns | {"full_name": ["user.name"]})


def test_an_emergency_needs_two_and_lasts_hours(
    estate: None, analyst: User, officer: User, steward: User, settings: Any
) -> None:
    request = asked(analyst, emergency=True)
    assert approve(steward, request) is None
    assert masks(analyst) == ["yes"]
    with pytest.raises(PermissionDenied):
        approve(steward, request)
    grant = approve(officer, request)
    assert grant is not None
    assert grant.ends_at - grant.starts_at == timedelta(hours=settings.EMERGENCY_HOURS)
    judgement = gate.judge(user=analyst, purpose=Purpose.ANALYTICS, source="oltp", text=EMAIL)
    assert (masks(analyst), judgement.emergency) == (["no"], True)
    assert with_result(analyst, EMAIL, {"email": ["a@b.c"]}).emergency
    assert not gate.judge(
        user=analyst, purpose=Purpose.ANALYTICS, source="oltp", text="select id from charges"
    ).emergency


def test_two_who_answer_at_once_cannot_both(live_db: None, analyst: User, officer: User, second_officer: User) -> None:
    govern("oltp")
    request = asked(analyst)

    def answer(who: User, yes: bool) -> str:
        try:
            if yes:
                approve(who, request)
            else:
                services.refuse(actor=Actor.of(who), user=who, request=request, reason=WHY)
        except (StaleState, PermissionDenied):
            return "late"
        finally:
            connection.close()
        return "yes" if yes else "no"

    with ThreadPoolExecutor(2) as pool:
        told = sorted(pool.map(answer, (officer, second_officer), (True, False)))
    assert told in (["late", "yes"], ["late", "no"])
    assert AccessGrant.objects.count() == ("yes" in told)


@pytest.mark.parametrize(
    ("ask", "field"),
    [
        (Ask("phone", "analytics", "7", WHY), "column"),  # its rule names nobody who may lift it
        (Ask("id", "analytics", "7", WHY), "column"),  # not masked
        (Ask("note", "analytics", "7", WHY), "column"),  # nobody has classified it
        (Ask("nothing", "analytics", "7", WHY), "column"),
        (Ask("email", "compliance", "7", WHY), "purpose"),
        (Ask("email", "analytics", "0", WHY), "days"),
        (Ask("email", "analytics", "91", WHY), "days"),
        (Ask("email", "analytics", "7.5", WHY), "days"),
        (Ask("email", "analytics", "7", "  because "), "reason"),
        (Ask("email", "analytics", "7", "x" * 1001), "reason"),
    ],
)
def test_what_cannot_be_asked(estate: None, analyst: User, ask: Ask, field: str) -> None:
    with pytest.raises(Invalid) as problem:
        services.ask(actor=Actor.of(analyst), user=analyst, dataset=customers(), ask=ask)
    assert problem.value.field == field
    assert not AccessRequest.objects.exists()


def test_what_somebody_may_not_know_of_cannot_be_asked_for(estate: None, engineer: User) -> None:
    with pytest.raises(Dataset.DoesNotExist):
        asked(engineer)


def test_asking_twice_is_asking_once(estate: None, analyst: User, officer: User, second_officer: User) -> None:
    assert asked(analyst) == asked(analyst)
    notice = Notice.objects.get(kind="access_request", resolved_at=None)
    assert notice.people == sorted([officer.pk, second_officer.pk])
    assert "email" in notice.title


def test_answers_reach_whoever_asked(estate: None, analyst: User, officer: User) -> None:
    request = asked(analyst)
    services.refuse(actor=Actor.of(officer), user=officer, request=request, reason="Use the token instead.")
    assert not Notice.objects.filter(kind="access_request", resolved_at=None).exists()
    assert Notice.objects.get(kind="access_answer").people == [analyst.pk]
    with pytest.raises(StaleState):
        services.withdraw(actor=Actor.of(analyst), user=analyst, request=request)


def test_a_dataset_that_is_gone_gives_nothing(estate: None, analyst: User, officer: User) -> None:
    request = asked(analyst)
    approve(officer, request)
    Dataset.objects.filter(pk=customers()).update(retired_at=timezone.now())
    assert selectors.held_by(analyst, Purpose.ANALYTICS) == ()
