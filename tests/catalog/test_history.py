"""Every change dated, the difference between two days, and what breaks whom; nobody learns of what they may not see."""

import csv
from dataclasses import replace
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from apps.catalog import services
from apps.catalog.findings.models import Finding
from apps.catalog.history.models import SchemaChange
from apps.catalog.models import Dataset
from apps.catalog.types import SyncReport
from portal.accounts.access import grant_view
from portal.accounts.models import User
from portal.accounts.services import create_token
from portal.accounts.types import Role
from portal.stores.types import KeyInfo
from tests.catalog.builders import HOUSE, dataset, edge, info, loads, seen, shop
from tests.people import person

pytestmark = pytest.mark.django_db
CUSTOMERS = "payments.public.customers"
SECRETS = info("payments.public.secrets", "token text")


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def text_of(user: User, address: str) -> str:
    return signed_in(user).get(address).content.decode().replace("<wbr>", "")


@pytest.fixture
def broken(analyst: User) -> Dataset:
    """customers.email is gone; RAW.OLTP_CUSTOMERS (unseen) and CORE.DIM_CUSTOMERS (seen) are built from it."""
    shop()
    loads()
    services.replace_edges(
        actor=HOUSE,
        origin="dbt:dim",
        edges=[edge("warehouse/RAW.OLTP_CUSTOMERS/EMAIL", "warehouse/CORE.DIM_CUSTOMERS/EMAIL", kind="dbt")],
    )
    services.set_owner(actor=HOUSE, source="warehouse", path=("CORE", "DIM_CUSTOMERS"), owner="payments-data")
    grant_view(actor=HOUSE, obj=dataset("oltp", "customers"), roles=[Role.ANALYST])
    without()
    return dataset("oltp", "customers")


def without(*more: str) -> SyncReport:
    return seen("oltp", [info(CUSTOMERS, "id text", *more, "status text", row_count=12), SECRETS])


def findings() -> list[tuple[str, str]]:
    found = Finding.objects.filter(kind="breaking_change", closed_at=None).order_by("pk")
    return [(each.dataset.name, each.column) for each in found if each.dataset]


def test_what_breaks_is_a_finding_of_all_it_reaches_until_it_is_undone(broken: Dataset) -> None:
    assert sorted(findings()) == [("DIM_CUSTOMERS", ""), ("OLTP_CUSTOMERS", ""), ("customers", "email")]
    without()  # still broken, still one finding each
    assert len(findings()) == 3
    without("email text")
    assert findings() == []


def test_it_closes_when_nothing_is_built_from_it_any_more(broken: Dataset) -> None:
    services.replace_edges(
        actor=HOUSE,
        origin="pipeline:payments_elt",
        edges=[edge("oltp/public.customers/id", "warehouse/RAW.OLTP_CUSTOMERS/ID")],
    )
    without()
    assert findings() == []


def test_what_nothing_is_built_from_breaks_nobody(broken: Dataset) -> None:
    before = findings()
    seen("oltp", [info(CUSTOMERS, "id text", "status text", row_count=12)])
    assert SchemaChange.objects.filter(dataset__name="secrets", breaking=True).exists()
    assert findings() == before


def test_a_whole_dataset_that_is_gone_is_a_finding_of_what_is_built_from_it(broken: Dataset) -> None:
    seen("oltp", [SECRETS])
    assert {name for name, _ in findings()} == {"OLTP_CUSTOMERS", "DIM_CUSTOMERS"}
    told = Finding.objects.filter(closed_at=None, dataset__name="DIM_CUSTOMERS").values_list("summary", flat=True)
    assert not any("customers" in summary for summary in told)


def test_a_reader_sees_what_is_downstream_by_steps_they_may_see(broken: Dataset, analyst: User) -> None:
    address = reverse("catalog:changes")
    page = text_of(analyst, address)
    assert "breaks readers" in page
    # DIM_CUSTOMERS may be seen, but only behind RAW.OLTP_CUSTOMERS, which may not.
    grant_view(actor=HOUSE, obj=dataset("warehouse", "DIM_CUSTOMERS"), roles=[Role.ANALYST])
    page = text_of(analyst, address)
    assert "DIM_CUSTOMERS" not in page
    assert "nothing that you may see" in page
    grant_view(actor=HOUSE, obj=dataset("warehouse", "OLTP_CUSTOMERS"), roles=[Role.ANALYST])
    page = text_of(analyst, address)
    assert "CORE.DIM_CUSTOMERS" in page
    assert "payments-data" in page


def test_an_outsider_sees_no_change_and_no_count(broken: Dataset, analyst: User) -> None:
    outsider = person("outsider")
    page = text_of(outsider, reverse("catalog:changes"))
    assert "email" not in page
    assert "Nothing changed on these days" in page
    assert "oltp" not in page
    assert signed_in(outsider).get(reverse("catalog:history", args=[broken.pk])).status_code == 404
    assert "email" not in signed_in(outsider).get(reverse("catalog:changes-csv")).content.decode()
    assert "email" in signed_in(analyst).get(reverse("catalog:changes-csv")).content.decode()
    seen("oltp", [info(CUSTOMERS, "id text", "status text", row_count=12)])
    assert "secrets" not in text_of(analyst, reverse("catalog:changes"))


def api(user: User, query: str = "") -> Client:
    _, token = create_token(actor=HOUSE, user=user, name="tests")
    return Client().get(reverse("catalog-api:changes") + query, headers={"Authorization": f"Bearer {token}"})  # type: ignore[return-value]


def test_the_api_tells_the_difference_between_two_days(broken: Dataset, analyst: User) -> None:
    assert Client().get(reverse("catalog-api:changes")).status_code in (401, 403)
    answer = api(analyst).json()  # type: ignore[attr-defined]
    (only,) = answer["results"]
    assert (only["column"], only["change"], only["before"], only["breaking"]) == ("email", "removed", "text", True)
    assert only["downstream"] == []
    assert [(each["source"], each["datasets"]) for each in answer["first_looks"]] == [("oltp", 1)]
    today = timezone.now().date()
    long_ago = f"?from={today - timedelta(days=9)}&to={today - timedelta(days=2)}"
    assert api(analyst, long_ago).json()["count"] == 0  # type: ignore[attr-defined]
    without("email text")
    assert api(analyst).json()["count"] == 0  # type: ignore[attr-defined]
    assert SchemaChange.objects.filter(column="email").count() == 2


def test_between_two_days_is_what_happened_from_the_first_to_the_last(broken: Dataset, analyst: User) -> None:
    SchemaChange.objects.update(at=timezone.now() - timedelta(days=3))
    without("email bigint")
    day = timezone.now().date()
    apart = reverse("catalog:changes-csv") + "?from={}&to={}"

    def cells(first: int, last: int) -> list[list[str]]:
        address = apart.format(day - timedelta(days=first), day - timedelta(days=last))
        found = signed_in(analyst).get(address).content.decode().splitlines()
        return [row[3:8] for row in list(csv.reader(found))[1:]]

    assert cells(3, 1) == [["email", "column", "removed", "text", ""]]
    assert cells(2, 0) == [["email", "column", "added", "", "bigint"]]
    assert cells(3, 0) == [["email", "type", "changed", "text", "bigint"]]


@pytest.mark.parametrize(
    "query",
    ["from=yesterday", "to=9999-12-31", "from=0001-01-01", "from=%00", "from=2026-03-02&to=2026-03-01", "what=nothing"],
)
def test_days_that_are_none_are_refused_with_the_way_forward(broken: Dataset, analyst: User, query: str) -> None:
    for name in ("catalog:changes", "catalog:changes-csv"):
        answer = signed_in(analyst).get(f"{reverse(name)}?{query}")
        assert answer.status_code == 400
        assert "Traceback" not in answer.content.decode()
    assert api(analyst, f"?{query}").status_code == 400  # type: ignore[attr-defined]


def test_odd_words_in_the_address_find_nothing(broken: Dataset, analyst: User) -> None:
    assert signed_in(analyst).get(reverse("catalog:changes") + "?source=nowhere&page=99999999999").status_code == 200


def test_a_retired_dataset_leaves_search_lineage_and_api_and_keeps_its_history(broken: Dataset, analyst: User) -> None:
    grant_view(actor=HOUSE, obj=dataset("warehouse", "OLTP_CUSTOMERS"), roles=[Role.ANALYST])
    raw = dataset("warehouse", "OLTP_CUSTOMERS")
    lineage = f"{reverse('catalog:dataset', args=[raw.pk])}?tab=lineage"
    assert f"/catalog/{broken.pk}/" in text_of(analyst, lineage)
    seen("oltp", [SECRETS])
    assert f"/catalog/{broken.pk}/" not in text_of(analyst, lineage)
    assert ">customers<" not in text_of(analyst, reverse("catalog:home") + "?q=customers")
    assert signed_in(analyst).get(reverse("catalog:dataset", args=[broken.pk])).status_code == 404
    _, token = create_token(actor=HOUSE, user=analyst, name="tests")
    bearer = {"Authorization": f"Bearer {token}"}
    assert Client().get(reverse("catalog-api:dataset", args=[broken.pk]), headers=bearer).status_code == 404
    assert Client().get(reverse("catalog-api:datasets") + "?q=customers", headers=bearer).json()["count"] == 1
    page = text_of(analyst, reverse("catalog:history", args=[broken.pk]))
    assert "It left search and lineage" in page
    assert "dataset removed" in page
    assert "email" in page


def test_a_live_dataset_has_its_history_on_its_tab(broken: Dataset, analyst: User) -> None:
    answer = signed_in(analyst).get(reverse("catalog:history", args=[broken.pk]), follow=True)
    assert answer.status_code == 200
    assert "column removed" in answer.content.decode()


def test_keys_name_no_table_that_may_not_be_seen(analyst: User) -> None:
    parent = info(CUSTOMERS, "id text")
    child = info("payments.public.orders", "id text", "customer text", indexes=("orders_pkey (id)",))
    referring = replace(child.columns[1], references="public.customers.id")
    keys = (KeyInfo("primary", ("id",)), KeyInfo("foreign", ("customer",), ("public", "customers"), ("id",)))
    seen("oltp", [parent, replace(child, columns=(child.columns[0], referring), keys=keys)])
    orders = dataset("oltp", "orders")
    grant_view(actor=HOUSE, obj=orders, roles=[Role.ANALYST])
    address = reverse("catalog:dataset", args=[orders.pk])
    page = text_of(analyst, address)
    assert "orders_pkey" in page
    assert "a table that you may not know of" in page
    assert "public.customers" not in page
    grant_view(actor=HOUSE, obj=dataset("oltp", "customers"), roles=[Role.ANALYST])
    assert "public.customers (id)" in text_of(analyst, address)


def test_the_page_of_changes_costs_as_much_for_many_as_for_one(
    broken: Dataset, analyst: User, django_assert_max_num_queries: object
) -> None:
    without(*(f"c{n} text" for n in range(40)))
    client = signed_in(analyst)
    client.get(reverse("catalog:changes"))
    with django_assert_max_num_queries(20):  # type: ignore[operator]
        assert "c39" in client.get(reverse("catalog:changes")).content.decode()
