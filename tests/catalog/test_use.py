"""Use: counted when a query is answered, shown as far as one may see, and what nobody reads."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from apps.catalog.models import Dataset
from apps.catalog.search import Wanted, find
from apps.catalog.use import services
from apps.catalog.use.models import ColumnUse, DatasetUse
from apps.catalog.use.selectors import of_dataset, popular, unused
from portal.accounts.access import grant_view
from portal.accounts.models import User
from portal.accounts.services import create_token
from portal.accounts.types import Role
from tests.catalog.builders import HOUSE, dataset, shop
from tests.people import person

pytestmark = pytest.mark.django_db


@pytest.fixture
def customers(analyst: User) -> Dataset:
    shop()
    found = dataset("warehouse", "OLTP_CUSTOMERS")
    grant_view(actor=HOUSE, obj=found, roles=[Role.ANALYST])
    for _ in range(3):
        services.count(user=analyst, datasets=[found.pk], columns=["ANALYTICS.RAW.OLTP_CUSTOMERS.EMAIL", "X.Y.Z"])
    hidden = dataset("oltp", "customers").pk
    services.count(user=person("mila", Role.ENGINEER), datasets=[found.pk, hidden], columns=[])
    return found


def client(user: User) -> Client:
    found = Client()
    found.force_login(user)
    return found


def test_answered_queries_are_counted_by_day(customers: Dataset, analyst: User) -> None:
    assert DatasetUse.objects.get(dataset=customers, user=analyst).reads == 3
    assert [(c.column.name, c.reads) for c in ColumnUse.objects.all()] == [("EMAIL", 3)]
    use = of_dataset(analyst, customers)
    assert (use.reads, use.readers, use.columns) == (4, 2, (("EMAIL", 3),))
    DatasetUse.objects.update(day=timezone.now().date() - timedelta(days=31))
    assert of_dataset(analyst, customers).reads == 0
    assert of_dataset(analyst, customers).last is not None


def test_names_of_people_are_for_those_who_answer_for_the_data(customers: Dataset, analyst: User) -> None:
    assert of_dataset(analyst, customers).people == ()
    page = client(analyst).get(reverse("catalog:dataset", args=[customers.pk]) + "?tab=use").content.decode()
    assert "mila" not in page
    assert ">4<" in page
    assert of_dataset(person("stella", Role.STEWARD), customers).people == ((analyst.username, 3), ("mila", 1))


def test_popular_and_unused_are_cut_to_what_one_may_see(customers: Dataset, analyst: User) -> None:
    assert [(d.name, d.reads, d.readers) for d in popular(analyst)] == [("OLTP_CUSTOMERS", 4, 2)]
    officer = person("olga", Role.OFFICER)
    assert {d.name for d in popular(officer)} == {"OLTP_CUSTOMERS", "customers"}
    assert list(unused(officer)) == [], "too young to be called unused"
    Dataset.objects.update(created_at=timezone.now() - timedelta(days=120))
    Dataset.objects.filter(name="sessions").update(size_bytes=9_000)
    found = [d.name for d in unused(officer)]
    assert found[0] == "sessions"
    assert "customers" not in found
    assert list(unused(analyst)) == []
    page = client(analyst).get(reverse("catalog:use")).content.decode()
    assert "OLTP_CUSTOMERS" in page
    assert "sessions" not in page
    assert client(person("outsider")).get(reverse("catalog:use")).content.decode().count("OLTP_CUSTOMERS") == 0


def test_the_api_makes_the_same_cut(customers: Dataset, analyst: User) -> None:
    assert Client().get(reverse("catalog-api:use")).status_code in (401, 403)
    _, token = create_token(actor=HOUSE, user=analyst, name="tests")
    told = Client().get(reverse("catalog-api:use"), headers={"Authorization": f"Bearer {token}"}).json()
    assert [each["id"] for each in told["popular"]] == [customers.pk]


def test_what_is_used_stands_higher_in_search(customers: Dataset) -> None:
    officer = person("olga", Role.OFFICER)
    before = [d.name for d in find(officer, Wanted("customers"))[:9]]
    assert services.weigh() >= 1
    assert services.weigh() == 0
    after = [d.name for d in find(officer, Wanted("oltp"))[:9]]
    assert before[0] == "customers", "a whole name comes first, whatever is used"
    assert after[0] == "OLTP_CUSTOMERS"
    assert dataset("warehouse", "OLTP_CUSTOMERS").standing > dataset("warehouse", "DIM_CUSTOMERS").standing


def test_a_large_catalog_costs_few_queries(
    customers: Dataset, analyst: User, django_assert_max_num_queries: Any
) -> None:
    page = client(analyst)
    page.get(reverse("catalog:use"))
    with django_assert_max_num_queries(14):
        page.get(reverse("catalog:use"))
