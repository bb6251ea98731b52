"""What another role would see, for those who answer for the rules; and what a query would cost."""

import pytest
from django.test import Client
from django.urls import reverse

from apps.compliance import gate
from apps.compliance.policy.types import Allowed, Refused
from portal.accounts.models import User
from portal.accounts.types import Purpose, Role
from tests.vault import govern

TEXT = "select id, email from customers"


@pytest.fixture(autouse=True)
def estate(db: None) -> None:
    govern("oltp")


def explained(user: User, **more: str) -> str:
    client = Client()
    client.force_login(user)
    return client.post(reverse("queries:explain"), {"source": "oltp", "text": TEXT, **more}).content.decode()


def test_an_officer_sees_what_an_analyst_would(officer: User) -> None:
    told = explained(officer, as_role="analyst", as_purpose="analytics")
    assert "Any analyst, for analytics:" in told
    assert "1 of 2 columns masked" in told


def test_a_role_that_may_not_know_the_table_is_told_so(steward: User) -> None:
    assert "Any ML engineer, for analytics:" in explained(steward, as_role="ml_engineer")
    judgement = gate.judge_as(role=Role.ENGINEER, purpose=Purpose.ANALYTICS, source="oltp", text=TEXT)
    assert isinstance(judgement.decision, Refused)


@pytest.mark.parametrize("source", ["oltp", "nowhere"])
def test_a_purpose_that_is_not_the_roles_is_refused(source: str) -> None:
    purpose = Purpose.COMPLIANCE if source == "oltp" else Purpose.ANALYTICS
    decision = gate.judge_as(role=Role.ANALYST, purpose=purpose, source=source, text=TEXT).decision
    assert isinstance(decision, Refused)
    assert decision.code == "forbidden"


def test_it_is_not_for_analysts(analyst: User, engineer: User) -> None:
    for user in (analyst, engineer):
        assert "Any compliance officer" not in explained(user, as_role="compliance_officer")


def test_a_role_is_seen_without_ones_own_grants_and_roles(officer: User) -> None:
    mine = gate.judge(user=officer, purpose=Purpose.COMPLIANCE, source="oltp", text=TEXT).decision
    theirs = gate.judge_as(role=Role.ANALYST, purpose=Purpose.ANALYTICS, source="oltp", text=TEXT).decision
    assert isinstance(mine, Allowed)
    assert isinstance(theirs, Allowed)
    assert [str(column.masked) for column in theirs.columns] == ["no", "yes"]


def test_postgres_is_asked_and_answers_coarsely(analyst: User) -> None:
    judgement = gate.judge(user=analyst, purpose=Purpose.ANALYTICS, source="oltp", text=TEXT)
    estimate = gate.estimate(judgement)
    assert estimate is not None
    assert estimate.answer == 4
    told = explained(analyst)
    assert "by the catalog's count" in " ".join(told.split())
    assert "PostgreSQL expects" in told


def test_nothing_is_estimated_of_a_refusal(analyst: User) -> None:
    judgement = gate.judge(user=analyst, purpose=Purpose.ANALYTICS, source="oltp", text="select nothing")
    assert gate.estimate(judgement) is None
