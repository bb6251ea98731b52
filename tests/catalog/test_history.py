"""What a sync finds changed: dated, compared between days, and told to those downstream who may know of it."""

from datetime import UTC, datetime, time, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from apps.catalog.findings.models import Finding
from apps.catalog.history.models import SchemaChange
from apps.catalog.history.selectors import diff
from apps.catalog.history.types import News, What, breaks, is_wider
from apps.catalog.models import Column, Dataset
from portal.accounts.access import grant_view
from portal.accounts.models import User
from portal.accounts.services import create_token
from portal.accounts.types import Role
from tests.catalog.builders import HOUSE, dataset, info, loads, seen, shop
from tests.people import person

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
ORDERS = "payments.public.orders"


@pytest.fixture
def officer() -> User:
    return person("olga", Role.OFFICER)


def later(days: int) -> None:
    """Everything that is known so far happened so many days earlier."""
    for change in SchemaChange.objects.all():
        SchemaChange.objects.filter(pk=change.pk).update(at=change.at - days * DAY)


def differences(who: User, first: int, last: int) -> list[tuple[str, str, str, str, bool]]:
    """Between so many days ago, both whole."""
    today = timezone.now().astimezone(UTC).date()
    start = datetime.combine(today - first * DAY, time.min, UTC)
    end = datetime.combine(today - last * DAY, time.max, UTC)
    return [(d.column, str(d.what), d.before, d.after, d.breaking) for d in diff(who, start=start, end=end).differences]


def test_of_a_first_look_nothing_is_news_and_of_a_new_table_its_columns_are_not() -> None:
    seen("oltp", [info(ORDERS, "id text", "total integer")])
    assert SchemaChange.objects.count() == 0
    seen("oltp", [info(ORDERS, "id text", "total integer"), info("payments.public.refunds", "id text", "why text")])
    assert [(c.dataset.name, c.column, c.what) for c in SchemaChange.objects.all()] == [("refunds", "", "added")]


def test_every_change_is_dated_and_the_net_of_two_days_is_told(officer: User) -> None:
    seen("oltp", [info(ORDERS, "id text", "total integer", "note text", "came text")])
    seen("oltp", [info(ORDERS, "id text", "total bigint", "note text")])  # "came" is gone
    later(10)
    seen("oltp", [info(ORDERS, "id text", "total numeric", "note text", "came text", "extra text")])
    later(5)
    seen("oltp", [info(ORDERS, "id text", "total numeric", "came text")])  # "extra" and "note" are gone
    assert sorted(differences(officer, 16, 14)) == [
        ("came", "retired", "text", "", True),
        ("total", "type", "integer", "bigint", False),
    ]
    assert sorted(differences(officer, 6, 4)) == [
        ("came", "added", "text", "text", False),
        ("extra", "added", "", "text", False),
        ("total", "type", "bigint", "numeric", False),
    ]
    assert sorted(differences(officer, 16, 0)) == [
        ("note", "retired", "text", "", True),
        ("total", "type", "integer", "numeric", False),
    ], "what came and went, or went and came back, is no difference"


def test_a_table_that_is_gone_is_kept_with_its_history_and_leaves_search_and_lineage(officer: User) -> None:
    shop()
    loads()
    client = Client()
    client.force_login(officer)
    pk = dataset("oltp", "customers").pk
    warehouse = dataset("warehouse", "OLTP_CUSTOMERS").pk
    assert "customers" in client.get(reverse("catalog:dataset", args=[warehouse]) + "?tab=lineage").content.decode()
    seen("oltp", [info("payments.public.others", "id text")])
    assert Dataset.objects.get(pk=pk).retired_at is not None
    assert client.get(reverse("catalog:dataset", args=[pk])).status_code == 404
    assert "public.customers" not in client.get(reverse("catalog:home") + "?q=customers").content.decode()
    lineage = client.get(reverse("catalog:dataset", args=[warehouse]) + "?tab=lineage").content.decode()
    assert ">customers<" not in lineage
    changes = client.get(reverse("catalog:changes")).content.decode()
    assert "public.customers" in changes
    assert "OLTP_CUSTOMERS" in changes, "who is downstream"


def test_a_breaking_change_is_a_finding_until_what_is_downstream_was_built_again() -> None:
    shop()
    loads()
    seen("oltp", [info("payments.public.customers", "id text", "status text")])  # email is gone
    (finding,) = Finding.objects.filter(kind="breaking_change", closed_at=None)
    assert finding.column == "email"
    assert "OLTP_CUSTOMERS" in finding.detail
    assert "OLTP_CUSTOMERS" not in finding.summary
    Dataset.objects.filter(name="OLTP_CUSTOMERS").update(loaded_at=timezone.now())
    seen("oltp", [info("payments.public.customers", "id text", "status text")])
    assert not Finding.objects.filter(kind="breaking_change", closed_at=None).exists()


def test_a_column_that_came_back_breaks_nobody() -> None:
    shop()
    loads()
    seen("oltp", [info("payments.public.customers", "id text", "status text")])
    seen("oltp", [info("payments.public.customers", "id text", "email text", "status text")])
    assert Column.objects.get(dataset__name="customers", name="email").retired_at is None
    assert not Finding.objects.filter(kind="breaking_change", closed_at=None).exists()


def test_an_analyst_sees_changes_of_visible_datasets_and_no_name_of_others(analyst: User) -> None:
    shop()
    loads()
    seen("oltp", [info("payments.public.customers", "id text"), info("payments.public.secrets", "id text")])
    grant_view(actor=HOUSE, obj=dataset("oltp", "customers"), roles=[Role.ANALYST])
    client = Client()
    client.force_login(analyst)
    page = client.get(reverse("catalog:changes")).content.decode()
    assert "email" in page
    assert "secrets" not in page
    assert "OLTP_CUSTOMERS" not in page
    table = client.get(reverse("catalog:changes-csv")).content.decode()
    assert "email" in table
    assert "secrets" not in table
    _, token = create_token(actor=HOUSE, user=analyst, name="tests")
    answer = Client().get(reverse("catalog-api:changes"), headers={"Authorization": f"Bearer {token}"}).json()
    assert {each["dataset"] for each in answer["results"]} == {"public.customers"}
    nobody = Client()
    nobody.force_login(person("outsider"))
    assert "email" not in nobody.get(reverse("catalog:changes")).content.decode()


@pytest.mark.parametrize("query", ["from=x", "to=2026-13-01", "from=2026-11-02&to=2026-11-01", "from=%00"])
def test_days_that_are_none_are_said(analyst: User, query: str) -> None:
    client = Client()
    client.force_login(analyst)
    assert client.get(reverse("catalog:changes") + f"?{query}").status_code == 400
    assert client.get(reverse("catalog:changes-csv") + f"?{query}").status_code == 400
    _, token = create_token(actor=HOUSE, user=analyst, name="tests")
    api = reverse("catalog-api:changes") + f"?{query}"
    assert Client().get(api, headers={"Authorization": f"Bearer {token}"}).status_code == 400


def test_a_large_history_costs_few_queries(officer: User, django_assert_max_num_queries: object) -> None:
    seen("oltp", [info(ORDERS, "id text", *(f"c{n} text" for n in range(60)))])
    seen("oltp", [info(ORDERS, "id text")])
    client = Client()
    client.force_login(officer)
    with django_assert_max_num_queries(25):  # type: ignore[operator]
        assert client.get(reverse("catalog:changes")).content.decode().count("can break readers") >= 60


@pytest.mark.parametrize(
    ("before", "after", "wider"),
    [
        ("integer", "bigint", True),
        ("bigint", "integer", False),
        ("character varying(20)", "character varying(40)", True),
        ("character varying(40)", "character varying(20)", False),
        ("character varying(20)", "text", True),
        ("text", "character varying(20)", False),
        ("number(12,2)", "number(14,2)", True),
        ("number(12,2)", "number(12,4)", False),
        ("number(12,2)", "number(14,4)", True),
        ("int", "int|string", False),
        ("date", "text", False),
    ],
)
def test_what_is_wider(before: str, after: str, wider: bool) -> None:
    assert is_wider(before, after) is wider
    assert breaks(News(1, What.TYPE, "x", before, after)) is not wider


def test_documents_say_from_how_many_they_were_inferred(officer: User) -> None:
    shop()
    Dataset.objects.filter(name="sessions").update(sampled=2_000, row_count=1_000_000)
    Column.objects.filter(dataset__name="sessions", name="_id").update(presence=0.004)
    client = Client()
    client.force_login(officer)
    page = client.get(reverse("catalog:dataset", args=[dataset("documents", "sessions").pk])).content.decode()
    assert "Inferred from 2,000 documents of 1,000,000" in page
    assert "in under 1 % of documents" in page
