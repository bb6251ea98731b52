"""Pages and endpoints: what the analyst finds, and that the outsider learns of nothing."""

import csv
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.catalog import services
from apps.catalog.check_words import check_words
from apps.catalog.models import Dataset
from apps.catalog.search import Wanted, facets, find, provider, reasons
from apps.catalog.types import CheckResult
from portal.accounts.access import grant_view
from portal.accounts.models import User
from portal.accounts.types import Role
from portal.runs.services import start_run
from portal.runs.types import RunPlan
from tests.catalog.builders import HOUSE, dataset, edge, info, loads, seen, shop
from tests.catalog.test_classification import confirm
from tests.people import person
from tests.runs.plans import step
from tests.runs.steps import KINDS

pytestmark = pytest.mark.django_db


@pytest.fixture
def core(analyst: User) -> Dataset:
    """The analyst may know of RAW.OLTP_CUSTOMERS and CORE.DIM_CUSTOMERS, not of the store behind them."""
    shop()
    confirm()
    loads()
    services.replace_edges(
        actor=HOUSE,
        origin="dbt:model.shop.dim_customers",
        edges=[
            edge("warehouse/RAW.OLTP_CUSTOMERS/EMAIL", "warehouse/CORE.DIM_CUSTOMERS/EMAIL", kind="dbt"),
            edge("documents/sessions/_id", "warehouse/CORE.DIM_CUSTOMERS/ORDERS", "count", kind="dbt"),
        ],
    )
    path = ("ANALYTICS", "CORE", "DIM_CUSTOMERS")
    services.describe(actor=HOUSE, source="warehouse", path=path, description="One row per paying customer.")
    services.set_owner(actor=HOUSE, source="warehouse", path=path, owner="payments-data")
    services.push_checks(
        actor=HOUSE,
        results=[CheckResult("warehouse", path, "unique email", False, "3 rows fail", "EMAIL", "run 1")],
    )
    for name in ("OLTP_CUSTOMERS", "DIM_CUSTOMERS"):
        grant_view(actor=HOUSE, obj=dataset("warehouse", name), roles=[Role.ANALYST])
    return dataset("warehouse", "DIM_CUSTOMERS")


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def page(user: User, address: str) -> Any:
    return signed_in(user).get(address)


def whole(answer: Any) -> str:
    """The page without the places at which its long names may break."""
    return str(answer.content.decode().replace("<wbr>", ""))


@pytest.mark.parametrize("tab", ["columns", "lineage", "quality", "history"])
def test_every_tab_of_a_dataset(core: Dataset, analyst: User, tab: str) -> None:
    response = page(analyst, f"{reverse('catalog:dataset', args=[core.pk])}?tab={tab}")
    text = response.content.decode()
    assert response.status_code == 200
    assert "One row per paying customer." in text
    assert "payments-data" in text
    assert "customers.email" not in text.replace("OLTP_CUSTOMERS.EMAIL", "")


def test_columns_say_category_evidence_and_upstream(core: Dataset, analyst: User, steward: User) -> None:
    address = reverse("catalog:dataset", args=[core.pk])
    text = whole(page(analyst, address))
    assert "RAW.OLTP_CUSTOMERS.EMAIL" in text
    assert "inferred from a column you may not know of through 2 steps" in text
    assert "from where you may not look" in text  # ORDERS comes from documents
    assert "inferred from oltp.public.customers.email through 2 steps" in whole(page(steward, address))


def test_a_map_is_said_to_be_one(core: Dataset, steward: User) -> None:
    columns = ("_id string", "seen object", "seen.* object", "seen.*.n int")
    seen("documents", [info("payments.seen", *columns, kind="collection")])
    text = page(steward, reverse("catalog:dataset", args=[dataset("documents", "seen").pk])).content.decode()
    assert text.count("Its keys are data, and are not listed.") == 1
    assert ">seen.*.n<" in text.replace("<wbr>", "")
    assert "nobody has said what they hold" in text


def test_lineage_names_only_what_one_may_see(core: Dataset, analyst: User, steward: User) -> None:
    address = f"{reverse('catalog:dataset', args=[core.pk])}?tab=lineage"
    text = page(analyst, address).content.decode()
    assert "OLTP_CUSTOMERS" in text
    assert "sessions" not in text
    assert "CUSTOMER_ID" in text  # said to be unknown
    everything = page(steward, address).content.decode()
    assert "sessions" in everything
    assert "public" in everything


def test_a_walk_does_not_go_through_what_is_hidden(core: Dataset) -> None:
    """Whoever may know of both ends but not of the middle learns of no connection."""
    for each in (dataset("oltp", "customers"), core):
        grant_view(actor=HOUSE, obj=each, roles=[Role.ENGINEER])
    mila = person("mila", Role.ENGINEER)
    answer = signed_in(mila).get(reverse("catalog-api:dataset", args=[core.pk])).json()
    assert answer["lineage"]["upstream"] == []


@pytest.mark.parametrize("name", ["catalog:dataset", "catalog:columns-csv", "catalog-api:dataset"])
def test_a_dataset_one_may_not_know_of_does_not_exist(core: Dataset, outsider: User, analyst: User, name: str) -> None:
    hidden = dataset("oltp", "customers")
    assert page(outsider, reverse(name, args=[core.pk])).status_code == 404
    assert page(analyst, reverse(name, args=[hidden.pk])).status_code == 404
    assert page(analyst, reverse(name, args=[hidden.pk + 10_000])).status_code == 404


def test_a_retired_dataset_has_no_page(core: Dataset, steward: User) -> None:
    Dataset.objects.filter(pk=core.pk).update(retired_at=core.synced_at)
    assert page(steward, reverse("catalog:dataset", args=[core.pk])).status_code == 404


def test_a_catalog_that_nobody_has_filled_yet_says_so_and_not_that_access_is_missing(analyst: User, settings) -> None:  # type: ignore[no-untyped-def]
    settings.STEP_KINDS = {**settings.STEP_KINDS, **KINDS}
    address = reverse("catalog:home")
    assert "No source has been looked at yet" in page(analyst, address).content.decode()
    start_run(
        actor=HOUSE, plan=RunPlan("pipeline", "x", "X", (step("a", "trivial"),), permission="pipelines.view_pipeline")
    )
    text = page(analyst, address).content.decode()
    assert "The first run is under way" in text
    assert "may see" not in text


@pytest.mark.parametrize(
    ("name", "column", "words"),
    [
        ("not_null_fct_charges_CHARGE_ID", "CHARGE_ID", "CHARGE_ID is never empty"),
        ("unique_dim_dates_DATE", "DATE", "DATE is never there twice"),
        ("accepted_values_fct_charges_STATUS__a__b", "STATUS", "STATUS is one of the known values"),
        ("relationships_x_ID__ID__ref_y_", "ID", "ID is known where it points to"),
        ("charges_have_a_customer", "", "charges have a customer"),
        ("Charges agree: EUR", "", "Charges agree: EUR"),
    ],
)
def test_a_check_is_told_in_words(name: str, column: str, words: str) -> None:
    assert check_words(name, column) == words


def test_the_catalog_of_an_outsider_is_empty(core: Dataset, outsider: User) -> None:
    text = page(outsider, reverse("catalog:home")).content.decode()
    assert "No dataset you may see yet" in text
    assert "CUSTOMERS" not in text
    found = page(outsider, f"{reverse('catalog:home')}?q=customers").content.decode()
    assert "Nothing you may see matches" in found
    assert page(outsider, reverse("catalog-api:datasets")).json()["results"] == []


@pytest.mark.parametrize("name", ["catalog:home", "catalog-api:datasets"])
def test_nobody_signed_in_sees_nothing(db: None, name: str) -> None:
    assert Client().get(reverse(name)).status_code in (302, 401, 403)


def test_an_unknown_tab_is_not_there(core: Dataset, analyst: User) -> None:
    assert page(analyst, f"{reverse('catalog:dataset', args=[core.pk])}?tab=nope").status_code == 404


def test_values_of_an_operational_store_begin_there(core: Dataset, steward: User) -> None:
    address = reverse("catalog:dataset", args=[dataset("oltp", "customers").pk])
    text = page(steward, f"{address}?tab=lineage").content.decode()
    assert "Not known for" not in text
    assert "unknown" not in page(steward, address).content.decode()


def test_search_ranks_names_before_columns_and_says_why(core: Dataset, steward: User) -> None:
    wanted = Wanted(text="customers")
    rows = find(steward, wanted)[:50]
    assert rows[0].name == "customers"
    assert {row.name for row in rows} == {"customers", "OLTP_CUSTOMERS", "DIM_CUSTOMERS"}
    by_column = find(steward, Wanted(text="email"))[:50]
    assert set(reasons(by_column, Wanted(text="email")).values()) == {"column email", "column EMAIL"}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("paying", "description"),
        ("payments-data", "owner payments-data"),
        ("user.contact", "category user.contact.email"),
        ("dim_custmers", "name, customers, nearly what was typed"),
        ("core.dim", "path, name"),
        ("email zebra", "column EMAIL, without “zebra”"),
        ("mail", "column EMAIL"),
    ],
)
def test_search_finds_by(core: Dataset, analyst: User, text: str, why: str) -> None:
    wanted = Wanted(text=text)
    rows = find(analyst, wanted)[:50]
    assert core in rows
    assert reasons(rows, wanted)[core.pk] == why


def test_search_takes_wildcards_as_text(core: Dataset, steward: User) -> None:
    assert find(steward, Wanted(text="%"))[:50] == []


def test_facets_count_what_each_would_leave(core: Dataset, steward: User, analyst: User) -> None:
    found = {facet.name: dict(facet.values) for facet in facets(steward, Wanted(text="customers"))}
    assert found["source"] == {"oltp": 1, "warehouse": 2}
    assert found["category"]["user.contact.email"] == 3
    narrowed = {facet.name: dict(facet.values) for facet in facets(analyst, Wanted())}
    assert narrowed["source"] == {"warehouse": 2}
    assert [row.name for row in find(steward, Wanted(category="user.device"))[:9]] == ["sessions", "DOCUMENTS_SESSIONS"]


def test_search_from_anywhere(core: Dataset, analyst: User, outsider: User) -> None:
    hit = provider(analyst, "dim_customers", 5)[0]
    assert (hit.kind, hit.title, hit.why) == ("table", "DIM_CUSTOMERS", "name")
    assert hit.url == reverse("catalog:dataset", args=[core.pk])
    assert provider(outsider, "dim_customers", 5) == []


def test_the_home_page_narrows_and_pages(core: Dataset, analyst: User) -> None:
    text = page(analyst, f"{reverse('catalog:home')}?q=email&source=warehouse").content.decode()
    assert "matches: column EMAIL" in text
    assert "source: warehouse" in text


def test_the_api_lists_and_pages(core: Dataset, analyst: User) -> None:
    client = signed_in(analyst)
    first = client.get(reverse("catalog-api:datasets"), {"page_size": 1}).json()
    assert (first["count"], len(first["results"]), first["next"]) == (2, 1, 2)
    second = client.get(reverse("catalog-api:datasets"), {"page_size": 1, "page": 2}).json()
    assert second["next"] is None
    assert client.get(reverse("catalog-api:datasets"), {"page_size": "many"}).status_code == 400
    found = client.get(reverse("catalog-api:datasets"), {"q": "paying"}).json()["results"]
    assert [each["path"] for each in found] == [["ANALYTICS", "CORE", "DIM_CUSTOMERS"]]


@pytest.mark.parametrize("name", ["q", "source", "namespace", "kind", "owner", "tag", "category"])
def test_nothing_holds_the_character_that_postgresql_cannot(core: Dataset, analyst: User, name: str) -> None:
    assert page(analyst, f"{reverse('catalog-api:datasets')}?{name}=%00email").status_code == 400
    assert page(analyst, f"{reverse('catalog:home')}?{name}=%00").status_code == 400
    assert provider(analyst, "\0", 5) == []


def test_the_api_tells_a_dataset(core: Dataset, analyst: User) -> None:
    told = page(analyst, reverse("catalog-api:dataset", args=[core.pk])).json()
    email = next(column for column in told["columns"] if column["name"] == "EMAIL")
    assert (email["category"], email["certainty"]) == ("user.contact.email", "inferred")
    assert told["sensitivity"]["unclassified_columns"] == 1
    assert [each["path"][-1] for each in told["lineage"]["upstream"]] == ["OLTP_CUSTOMERS"]
    assert told["lineage"]["upstream"][0]["columns"] == [{"column": "EMAIL", "reached": "EMAIL", "steps": 1}]
    assert told["checks"][0]["detail"] == "3 rows fail"


def test_columns_as_csv_are_never_formulas(core: Dataset, analyst: User) -> None:
    path = ("ANALYTICS", "CORE", "DIM_CUSTOMERS")
    services.describe(actor=HOUSE, source="warehouse", path=path, columns={"EMAIL": "=HYPERLINK(1)"})
    response = page(analyst, reverse("catalog:columns-csv", args=[core.pk]))
    rows = list(csv.DictReader(response.content.decode().splitlines()))
    assert [row["name"] for row in rows] == ["CUSTOMER_ID", "EMAIL", "ORDERS"]
    assert rows[1]["meaning"] == "'=HYPERLINK(1)"


BUDGETS = {"catalog:home": 24, "catalog:dataset": 22, "catalog-api:datasets": 13, "catalog-api:dataset": 20}


@pytest.mark.parametrize("name", BUDGETS)
def test_query_budget(core: Dataset, steward: User, name: str, django_assert_max_num_queries: Any) -> None:
    client = signed_in(steward)
    address = reverse(name, args=[core.pk] if name.endswith(":dataset") else [])
    client.get(address)
    with django_assert_max_num_queries(BUDGETS[name]) as counted:
        assert client.get(address, {"q": "customers"}).status_code == 200
    assert len(counted) > 1
