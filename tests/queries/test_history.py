"""What was run, with the columns that it touched: those that the answer is made of, and those only compared."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.catalog.use.models import ColumnUse, DatasetUse
from apps.queries import selectors, services
from apps.queries.models import Execution
from portal.accounts.models import User
from portal.accounts.types import Purpose
from portal.audit.types import Actor

SOURCES = ("oltp", "documents")
C, H = "payments.vault.customers", "payments.vault.charges"


def ran(user: User, source: str, text: str) -> Execution:
    return services.start_execution(
        actor=Actor.of(user), user=user, purpose=Purpose.ANALYTICS, source=source, text=text
    )


@pytest.mark.parametrize(
    ("text", "read", "filtered"),
    [
        ("select id, upper(email) from customers where country = 'GB'", {"id", "email"}, {"country"}),
        ("select count(*) from customers where email like 'a%' and id > 1", set(), {"email", "id"}),
        (
            "with x as (select id, country as c from customers where note is null) select id from x where c = 'GB'",
            {"id"},
            {"country", "note"},
        ),
        ("select id from customers where id = 1", {"id"}, set()),
    ],
)
def test_what_a_query_in_sql_touches(ana: User, text: str, read: set[str], filtered: set[str]) -> None:
    outcome = selectors.outcome_of(ran(ana, "oltp", text))
    assert set(outcome.read) == {f"{C}.{name}" for name in read}
    assert set(outcome.filtered) == {f"{C}.{name}" for name in filtered}


def test_a_join_compares(ana: User) -> None:
    text = "select c.email from customers c join charges h on h.customer_id = c.id"
    outcome = selectors.outcome_of(ran(ana, "oltp", text))
    assert (outcome.read, set(outcome.filtered)) == ((f"{C}.email",), {f"{C}.id", f"{H}.customer_id"})


def test_what_a_query_on_documents_touches(ana: User) -> None:
    text = '{"collection": "sessions", "pipeline": [{"$match": {"device.os": "ios"}}, {"$project": {"_id": 0, "status": 1}}]}'
    outcome = selectors.outcome_of(ran(ana, "documents", text))
    assert ([name.rpartition("sessions.")[2] for name in outcome.read], len(outcome.filtered)) == (["status"], 1)
    assert outcome.filtered[0].endswith("sessions.device.os")


def test_the_page_is_ones_own(
    ana: User, colleague: User, outsider: User, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    for _ in range(3):
        ran(ana, "oltp", "select id from customers where country = 'GB'")
    client = Client()
    client.force_login(ana)
    with django_assert_max_num_queries(16):
        page = client.get(reverse("queries:history")).content.decode()
    assert page.count("country = ") == 3
    assert "customers." in page
    client.force_login(colleague)
    assert "Nothing yet" in client.get(reverse("queries:history")).content.decode()
    client.force_login(outsider)
    assert client.get(reverse("queries:history")).status_code == 403


@pytest.mark.parametrize(
    ("source", "text", "columns"),
    [
        ("oltp", "select id, upper(email) from customers where country = 'GB'", {"id", "email", "country"}),
        (
            "documents",
            '{"collection": "sessions", "pipeline": [{"$match": {"device.os": "ios"}}, {"$project": {"status": 1}}]}',
            {"device.os", "status", "_id"},
        ),
    ],
)
def test_an_answered_query_counts_as_use_of_what_it_read(ana: User, source: str, text: str, columns: set[str]) -> None:
    row = ran(ana, source, text)
    assert not DatasetUse.objects.exists(), "it may still be refused or fail"
    services.finish(key=row.pk, outcome=selectors.outcome_of(row), rows=1, truncated=False)
    assert list(DatasetUse.objects.values_list("dataset", "user", "reads")) == [(row.datasets[0], ana.pk, 1)]
    assert set(ColumnUse.objects.values_list("column__name", flat=True)) <= columns
    assert ColumnUse.objects.count() >= len(columns) - 1
