"""Findings: opened once, closed when stated no more, and seen by nobody who may not know of the dataset."""

import pytest
from django.test import Client
from django.urls import reverse

from apps.catalog.findings.models import Finding
from apps.catalog.findings.services import state
from apps.catalog.findings.types import FindingKind, Found
from apps.catalog.models import Source
from portal.accounts.access import grant_view
from portal.accounts.models import User
from portal.accounts.services import create_token
from portal.accounts.types import Role
from portal.audit.models import Event
from tests.catalog.builders import HOUSE, dataset, shop
from tests.people import person

pytestmark = pytest.mark.django_db
KIND = FindingKind.STATEMENT_NOT_READ


@pytest.fixture
def customers() -> int:
    shop()
    pk = dataset("warehouse", "OLTP_CUSTOMERS").pk
    state(
        actor=HOUSE,
        source="warehouse",
        origin="tests",
        kind=KIND,
        found=[
            Found(pk, "1", "a statement that writes it is not understood", "near FROM secret.table", "EMAIL", "run 7"),
            Found(None, "2", "a statement about a table nobody knows"),
        ],
    )
    grant_view(actor=HOUSE, obj=dataset("warehouse", "OLTP_CUSTOMERS"), roles=[Role.ANALYST])
    return pk


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_stated_again_it_is_the_same_finding_and_leaves_no_second_event(customers: int) -> None:
    before = list(Finding.objects.values_list("pk", "opened_at"))
    again = [Found(customers, "1", "other words", "", "EMAIL"), Found(None, "2", "a statement")]
    events = Event.objects.filter(action="catalog.findings_changed").count()
    report = state(actor=HOUSE, source="warehouse", origin="tests", kind=KIND, found=again)
    assert (report.opened, report.closed, report.open) == (0, 0, 2)
    assert list(Finding.objects.values_list("pk", "opened_at")) == before
    assert Finding.objects.get(key="1").summary == "other words"
    assert Event.objects.filter(action="catalog.findings_changed").count() == events == 1


def test_what_is_stated_no_more_closes_and_what_others_state_stays(customers: int) -> None:
    state(actor=HOUSE, source="warehouse", origin="others", kind=KIND, found=[Found(customers, "1", "theirs")])
    report = state(actor=HOUSE, source="warehouse", origin="tests", kind=KIND, found=[])
    assert (report.opened, report.closed) == (0, 2)
    assert list(Finding.objects.filter(closed_at=None).values_list("summary", flat=True)) == ["theirs"]
    assert Finding.objects.count() == 3
    state(actor=HOUSE, source="warehouse", origin="tests", kind=KIND, found=[Found(customers, "1", "again")])
    assert Finding.objects.filter(key="1", origin="tests").count() == 2


def test_an_unknown_source_states_nothing(customers: int) -> None:
    with pytest.raises(Source.DoesNotExist):
        state(actor=HOUSE, source="nowhere", origin="tests", kind=KIND, found=[])


def test_a_person_sees_findings_of_visible_datasets_only_and_no_detail(customers: int, analyst: User) -> None:
    page = signed_in(analyst).get(reverse("catalog:findings")).content.decode()
    assert "not understood" in page
    assert "secret.table" not in page
    assert "nobody knows" not in page
    tab = signed_in(analyst).get(reverse("catalog:dataset", args=[customers]) + "?tab=findings").content.decode()
    assert "that writes it is not understood" in tab
    assert "secret.table" not in tab
    outsider = signed_in(person("outsider"))
    assert "not understood" not in outsider.get(reverse("catalog:findings")).content.decode().replace(
        "A statement is not understood", ""
    )
    assert outsider.get(reverse("catalog:findings")).content.decode().count("Nothing to settle") == 1


def test_who_may_know_of_everything_sees_all_of_it(customers: int) -> None:
    officer = signed_in(person("officer", Role.OFFICER))
    page = officer.get(reverse("catalog:findings")).content.decode()
    assert "secret.table" in page
    assert "a table nobody knows" in page
    assert "nobody knows" not in officer.get(reverse("catalog:findings") + "?source=oltp").content.decode()


def test_the_api_makes_the_same_cut(customers: int, analyst: User) -> None:
    address = reverse("catalog-api:findings")
    assert Client().get(address).status_code in (401, 403)
    _, token = create_token(actor=HOUSE, user=analyst, name="tests")
    answer = Client().get(address, headers={"Authorization": f"Bearer {token}"}).json()
    assert answer["count"] == 1
    assert answer["results"][0]["dataset"] == customers
    assert answer["results"][0]["detail"] == ""
    none = Client().get(address + f"?dataset={customers + 9}", headers={"Authorization": f"Bearer {token}"}).json()
    assert none["count"] == 0
