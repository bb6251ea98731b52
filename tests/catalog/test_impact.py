"""What a column reaches and is made from: by hops, with filters, and never through what one may not know of."""

import csv
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.catalog import services
from apps.catalog.models import Column, Dataset
from apps.catalog.row_edges.models import RowEdge
from portal.accounts.access import grant_view
from portal.accounts.models import User
from portal.accounts.services import create_token
from portal.accounts.types import Role
from tests.catalog.builders import HOUSE, column, dataset, edge, info, seen
from tests.people import person

pytestmark = pytest.mark.django_db
START = "oltp/public.customers/email"


@pytest.fixture
def chain() -> Column:
    """customers.email -> A.X -> B.X -> C.X, and B.X back to A.X; C also from B.Y; B.Y filters C's rows."""
    seen("oltp", [info("payments.public.customers", "id text", "email text")])
    seen("warehouse", [info(f"ANALYTICS.CORE.{name}", "X text", "Y text") for name in "ABC"])
    steps = [(START, "A/X"), ("A/X", "B/X"), ("B/X", "C/X"), ("B/X", "A/X"), ("B/Y", "C/X"), ("A/X", "A/X")]
    services.replace_edges(actor=HOUSE, origin="tests", edges=[edge(_full(a), _full(b)) for a, b in steps])
    services.set_owner(actor=HOUSE, source="warehouse", path=("ANALYTICS", "CORE", "C"), owner="risk")
    RowEdge.objects.create(
        upstream=column("warehouse/CORE.B/Y"), downstream=dataset("warehouse", "C"), role="filter", origin="tests"
    )
    return column(START)


def _full(name: str) -> str:
    return name if name.startswith("oltp") else f"warehouse/CORE.{name}"


def ask(user: User, pk: int, **query: str) -> Any:
    _, token = create_token(actor=HOUSE, user=user, name="tests")
    address = reverse("catalog-api:impact", args=[pk])
    return Client().get(address, query, headers={"Authorization": f"Bearer {token}"})


def lines(answer: Any) -> list[tuple[str, str, int, str]]:
    return [(each["dataset"], each["column"], each["hops"], each["edge"]) for each in answer.json()["results"]]


@pytest.fixture
def officer() -> User:
    return person("olga", Role.OFFICER)


def test_down_by_hops_through_a_cycle(chain: Column, officer: User) -> None:
    told = ask(officer, chain.pk)
    assert lines(told) == [("CORE.A", "X", 1, "value"), ("CORE.B", "X", 2, "value"), ("CORE.C", "X", 3, "value")]
    assert told.json()["counts"]["owner"] == {"risk": 1}
    assert lines(ask(officer, chain.pk, hops="2")) == [("CORE.A", "X", 1, "value"), ("CORE.B", "X", 2, "value")]
    assert lines(ask(officer, chain.pk, owner="risk")) == [("CORE.C", "X", 3, "value")]
    assert lines(ask(officer, chain.pk, store="oltp")) == []


def test_up_with_what_decides_the_rows(chain: Column, officer: User) -> None:
    end = column("warehouse/CORE.C/X").pk
    up = lines(ask(officer, end, direction="upstream"))
    assert up[:2] == [("CORE.B", "X", 1, "value"), ("CORE.B", "Y", 1, "value")]
    assert up[-1] == ("public.customers", "email", 3, "value")
    RowEdge.objects.create(
        upstream=column("warehouse/CORE.A/Y"), downstream=dataset("warehouse", "C"), role="group", origin="tests"
    )
    assert ("CORE.A", "Y", 1, "row") not in lines(ask(officer, end, direction="upstream"))
    assert ("CORE.A", "Y", 1, "row") in lines(ask(officer, end, direction="upstream", rows="1"))


def test_down_the_row_edge_ends_at_the_dataset(chain: Column, officer: User) -> None:
    told = ask(officer, column("warehouse/CORE.B/Y").pk, rows="1").json()["results"]
    assert [(each["dataset"], each["column"], each["edge"], each["how"]) for each in told] == [
        ("CORE.C", "", "row", "filter"),
        ("CORE.C", "X", "value", ""),
    ]


def test_a_hidden_dataset_ends_the_walk(chain: Column) -> None:
    for each in (dataset("oltp", "customers"), dataset("warehouse", "A"), dataset("warehouse", "C")):
        grant_view(actor=HOUSE, obj=each, roles=[Role.ENGINEER])
    told = ask(person("mila", Role.ENGINEER), chain.pk, rows="1")
    assert lines(told) == [("CORE.A", "X", 1, "value")]
    assert (told.json()["reached"], told.json()["datasets"]) == (1, 1)
    RowEdge.objects.all().delete()
    assert lines(ask(person("mila", Role.ENGINEER), column("warehouse/CORE.C/X").pk, direction="upstream")) == []


def test_what_is_retired_is_not_reached(chain: Column, officer: User) -> None:
    seen("warehouse", [info("ANALYTICS.CORE.A", "X text", "Y text"), info("ANALYTICS.CORE.C", "X text", "Y text")])
    assert lines(ask(officer, chain.pk)) == [("CORE.A", "X", 1, "value")]


@pytest.mark.parametrize("name", ["catalog:impact", "catalog:impact-csv", "catalog-api:impact"])
def test_a_column_one_may_not_know_of_does_not_exist(chain: Column, analyst: User, name: str) -> None:
    client = Client()
    client.force_login(analyst)
    assert client.get(reverse(name, args=[chain.pk])).status_code == 404
    assert client.get(reverse(name, args=[chain.pk + 100_000])).status_code == 404
    Column.objects.filter(pk=chain.pk).update(retired_at=Dataset.objects.first().synced_at)  # type: ignore[union-attr]
    client.force_login(person("olga", Role.OFFICER))
    assert client.get(reverse(name, args=[chain.pk])).status_code == 404


@pytest.mark.parametrize("query", ["hops=0", "hops=31", "hops=x", "hops=²", "direction=sideways", "hops=%00"])
@pytest.mark.parametrize("name", ["catalog:impact", "catalog:impact-csv", "catalog-api:impact"])
def test_a_question_that_is_none(chain: Column, officer: User, name: str, query: str) -> None:
    client = Client()
    client.force_login(officer)
    assert client.get(f"{reverse(name, args=[chain.pk])}?{query}").status_code == 400


def test_page_and_csv_tell_the_same_list(chain: Column, officer: User, django_assert_max_num_queries: Any) -> None:
    client = Client()
    client.force_login(officer)
    address = reverse("catalog:impact", args=[chain.pk])
    client.get(address)
    with django_assert_max_num_queries(24):
        page = client.get(f"{address}?rows=1").content.decode().replace("<wbr>", "")
    assert page.count("CORE.") >= 3
    assert "also what decides which rows there are" in page
    rows = list(
        csv.DictReader(client.get(reverse("catalog:impact-csv", args=[chain.pk])).content.decode().splitlines())
    )
    assert [(row["dataset"], row["column"], row["hops"]) for row in rows] == [
        ("CORE.A", "X", "1"),
        ("CORE.B", "X", "2"),
        ("CORE.C", "X", "3"),
    ]
    assert "Nothing that you may see" in client.get(f"{address}?store=none").content.decode()
