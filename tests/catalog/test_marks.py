"""Certified and deprecated datasets: who may, what it needs, and what others see of it."""

import pytest
from django.test import Client
from django.urls import reverse

from apps.catalog import services
from apps.catalog.marks.models import Mark
from apps.catalog.marks.services import NotMarked, certify, deprecate, unmark
from apps.catalog.models import Dataset
from apps.catalog.search import Wanted, find
from apps.catalog.types import CheckResult
from portal.accounts.access import grant_view
from portal.accounts.models import User
from portal.accounts.types import Role
from portal.audit.models import Event
from tests.catalog.builders import HOUSE, dataset, shop
from tests.people import person

pytestmark = pytest.mark.django_db
RAW, DIM = ("ANALYTICS", "RAW", "OLTP_CUSTOMERS"), ("ANALYTICS", "CORE", "DIM_CUSTOMERS")
WHY = "reconciled with the ledger each night"


@pytest.fixture
def raw(analyst: User) -> Dataset:
    shop()
    services.set_owner(actor=HOUSE, source="warehouse", path=RAW, owner="payments-data")
    services.describe(actor=HOUSE, source="warehouse", path=RAW, description="As it came.")
    grant_view(actor=HOUSE, obj=dataset("warehouse", "OLTP_CUSTOMERS"), roles=[Role.ANALYST])
    return dataset("warehouse", "OLTP_CUSTOMERS")


def client(user: User) -> Client:
    found = Client()
    found.force_login(user)
    return found


def test_a_steward_certifies_and_everybody_sees_by_whom(raw: Dataset, analyst: User) -> None:
    steward = person("stella", Role.STEWARD)
    answer = client(steward).post(reverse("catalog:marks", args=[raw.pk]), {"answer": "certify", "rests_on": WHY})
    assert answer.status_code == 302
    page = client(analyst).get(reverse("catalog:dataset", args=[raw.pk])).content.decode()
    assert "by stella: reconciled" in page
    assert reverse("catalog:marks", args=[raw.pk]) not in page
    assert find(steward, Wanted("customers"))[:9][1].name == "OLTP_CUSTOMERS"
    assert Event.objects.filter(action="catalog.dataset_certified", actor_name="stella").count() == 1


def test_what_certification_needs(raw: Dataset) -> None:
    with pytest.raises(NotMarked, match="owner and a description"):
        certify(actor=HOUSE, dataset=dataset("warehouse", "DIM_CUSTOMERS"), rests_on=WHY)
    with pytest.raises(NotMarked, match="10 to 500"):
        certify(actor=HOUSE, dataset=raw, rests_on="so")
    services.push_checks(actor=HOUSE, results=[CheckResult("warehouse", RAW, "unique", False)])
    with pytest.raises(NotMarked, match="check of it fails"):
        certify(actor=HOUSE, dataset=raw, rests_on=WHY)
    assert not Mark.objects.exists()


def test_a_deprecated_dataset_names_its_successor_to_who_may_know_of_it(raw: Dataset, analyst: User) -> None:
    certify(actor=HOUSE, dataset=raw, rests_on=WHY)
    deprecate(
        actor=HOUSE, dataset=raw, reason="the dimension has it all", successor=dataset("warehouse", "DIM_CUSTOMERS")
    )
    assert Mark.objects.get().certified_at is None
    address = reverse("catalog:dataset", args=[raw.pk])
    assert "DIM_CUSTOMERS" not in client(analyst).get(address).content.decode()
    assert "the dimension has it all" in client(analyst).get(address).content.decode()
    officer = person("olga", Role.OFFICER)
    assert "CORE.DIM_CUSTOMERS</a> instead" in client(officer).get(address).content.decode()
    assert find(officer, Wanted("customers"))[:9][-1].name == "OLTP_CUSTOMERS"
    unmark(actor=HOUSE, dataset=raw)
    assert "deprecated" not in client(analyst).get(address).content.decode()


def test_a_successor_is_another_and_stays(raw: Dataset) -> None:
    dim = dataset("warehouse", "DIM_CUSTOMERS")
    with pytest.raises(NotMarked, match="itself"):
        deprecate(actor=HOUSE, dataset=raw, reason=WHY, successor=raw)
    deprecate(actor=HOUSE, dataset=dim, reason=WHY, successor=None)
    with pytest.raises(NotMarked, match="deprecated itself"):
        deprecate(actor=HOUSE, dataset=raw, reason=WHY, successor=dim)


def test_who_may_not_mark_cannot(raw: Dataset, analyst: User) -> None:
    address = reverse("catalog:marks", args=[raw.pk])
    assert client(analyst).post(address, {"answer": "certify", "rests_on": WHY}).status_code == 403
    assert client(analyst).get(address).status_code == 403
    assert client(person("outsider")).get(address).status_code == 404
    steward = client(person("stella", Role.STEWARD))
    assert steward.post(address, {"answer": "deprecate", "reason": WHY, "successor": "x"}).status_code == 400
    assert steward.post(address, {"answer": "nonsense"}).status_code == 400
    assert not Mark.objects.exists()
