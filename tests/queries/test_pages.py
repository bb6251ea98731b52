"""The console and its fragments, as the owner, a colleague and somebody without the role."""

from typing import Any
from urllib.parse import unquote_plus

import pytest
from django.test import Client
from django.urls import reverse

from apps.catalog.models import Dataset
from apps.queries import results, services
from apps.queries.models import Execution
from apps.queries.types import AnswerColumn, Outcome
from portal.accounts.models import User
from tests.vault import govern


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def estate(db: None) -> None:
    govern("oltp")


@pytest.fixture
def answered(estate: None, analyst: User) -> Execution:
    """An execution with its result, as a worker leaves it."""
    import pyarrow as pa

    signed_in(analyst).post(reverse("queries:console"), {"source": "oltp", "text": "select id, email from customers"})
    row = Execution.objects.get(owner=analyst)
    batch = pa.RecordBatch.from_pydict({"id": [1, 2], "email": ["***@example.org", None]})
    types = results.write(row.pk, [batch], ["id", "email"], by_name=False)
    columns = (
        AnswerColumn("id", types[0], "no"),
        AnswerColumn("email", types[1], "yes", "Masked: e-mail.", "email-domain", "compliance_officer", "oltp/x/EMAIL"),
    )
    services.finish(key=row.pk, outcome=Outcome(columns, (), "select 1"), rows=2, truncated=False)
    row.refresh_from_db()
    return row


def test_the_empty_console_teaches(estate: None, analyst: User) -> None:
    page = signed_in(analyst).get(reverse("queries:console"))
    assert page.status_code == 200
    assert "Start from an approved query" in page.content.decode()
    example = signed_in(analyst).get(reverse("queries:console"), {"example": "payments_by_day"})
    assert "MARTS.PAYMENTS_DAILY" in example.content.decode()


def test_a_plain_form_runs_a_query(estate: None, analyst: User) -> None:
    answer = signed_in(analyst).post(reverse("queries:console"), {"source": "oltp", "text": "select id from customers"})
    row = Execution.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, row.get_absolute_url())
    assert row.status == "queued"
    assert row.datasets == [Dataset.objects.get(name="customers").pk]


def test_the_result_says_what_is_masked_and_who_decides(answered: Execution, analyst: User) -> None:
    page = signed_in(analyst).get(answered.get_absolute_url()).content.decode()
    assert "***@example.org" in page
    assert "Masked: e-mail." in page
    assert "compliance officer decides" in page


def test_a_refusal_is_shown_where_it_was_asked(estate: None, analyst: User) -> None:
    client = signed_in(analyst)
    answer = client.post(reverse("queries:console"), {"source": "oltp", "text": "drop table customers"})
    page = client.get(answer["Location"]).content.decode()
    assert "Only queries run here" in page


def test_the_line_before_running(estate: None, analyst: User) -> None:
    body = {"source": "oltp", "text": "select id, email, phone from customers"}
    assert "2 of 3 columns will be masked" in signed_in(analyst).post(reverse("queries:explain"), body).content.decode()
    body["text"] = "select nothing"
    assert "in none of the tables" in signed_in(analyst).post(reverse("queries:explain"), body).content.decode()


def test_completion_offers_only_what_may_be_known(estate: None, analyst: User, engineer: User) -> None:
    query = {"source": "oltp", "prefix": "cust"}
    names = signed_in(analyst).get(reverse("queries:complete"), query).json()["names"]
    assert {one["label"] for one in names} == {"vault.customers", "customer_id"}
    assert signed_in(engineer).get(reverse("queries:complete"), query).json()["names"] == []


def test_asking_for_access_starts_at_the_masked_column(estate: None, analyst: User) -> None:
    """As a worker leaves it, so that the column names its origin."""
    client = signed_in(analyst)
    client.post(reverse("queries:console"), {"source": "oltp", "text": "select id, upper(email) as e from customers"})
    row = Execution.objects.get()
    asked = client.get(reverse("queries:ask", args=[row.pk]), {"column": "1"})
    dataset = Dataset.objects.get(name="customers").pk
    expected = f"{reverse('compliance:access-ask')}?dataset={dataset}&column=email&purpose=analytics"
    assert asked["Location"] == expected
    assert "email" in client.get(asked["Location"]).content.decode()
    for column in ("9", "-1", "x", "", "9" * 30):
        assert client.get(reverse("queries:ask", args=[row.pk]), {"column": column}).status_code == 404


def test_cancel_stops_what_waits(estate: None, analyst: User) -> None:
    client = signed_in(analyst)
    client.post(reverse("queries:console"), {"source": "oltp", "text": "select id from customers"})
    row = Execution.objects.get()
    client.post(reverse("queries:cancel", args=[row.pk]))
    row.refresh_from_db()
    assert row.status == "cancelled"
    services.finish(key=row.pk, outcome=Outcome(), rows=1, truncated=False)
    row.refresh_from_db()
    assert (row.status, row.has_result) == ("cancelled", False)


def test_nobody_else_sees_an_execution(answered: Execution, colleague: User, officer: User) -> None:
    for other in (colleague, officer):
        client = signed_in(other)
        assert client.get(answered.get_absolute_url()).status_code == 404
        assert client.get(reverse("queries:ask", args=[answered.pk]), {"column": "1"}).status_code == 404
        assert client.post(reverse("queries:cancel", args=[answered.pk])).status_code == 404
        assert client.get(reverse("queries-api:execution", args=[answered.pk])).status_code == 404


@pytest.mark.parametrize("name", ["console", "explain", "complete"])
def test_without_a_role_there_is_no_console(estate: None, outsider: User, name: str) -> None:
    client = signed_in(outsider)
    method = client.post if name == "explain" else client.get
    assert method(reverse(f"queries:{name}")).status_code == 403


def test_fragments_of_a_dataset(estate: None, analyst: User, engineer: User) -> None:
    pk = Dataset.objects.get(name="customers").pk
    client = signed_in(analyst)
    assert "Show sample" in client.get(reverse("queries:sample", args=[pk])).content.decode()
    shown: Any = client.post(reverse("queries:sample", args=[pk]))
    assert "hx-get" in shown.content.decode()
    assert "select *" in unquote_plus(client.get(reverse("queries:start", args=[pk])).headers["Location"]).lower()
    for name in ("sample", "of-dataset", "start"):
        assert signed_in(engineer).get(reverse(f"queries:{name}", args=[pk])).status_code == 404


def test_old_results_are_forgotten(answered: Execution, settings: Any) -> None:
    settings.QUERY_RESULT_DAYS = 0
    assert services.forget_old_results() == 1
    assert not results.path_of(answered.pk).exists()
