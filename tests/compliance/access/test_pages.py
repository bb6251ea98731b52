"""Pages of access, as whoever asks, whoever decides, and whoever does neither."""

import pytest
from django.test import Client
from django.urls import reverse

from apps.catalog.models import Dataset
from apps.compliance.access.models import AccessGrant, AccessRequest
from apps.compliance.access.types import State
from portal.accounts.models import User
from tests.answers import with_result
from tests.compliance.access.test_access import WHY, approve, asked
from tests.vault import govern


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def estate(db: None) -> None:
    govern("oltp")


def form(column: str = "email", **changes: object) -> dict[str, object]:
    dataset = Dataset.objects.get(name="customers").pk
    return {"dataset": dataset, "column": column, "purpose": "analytics", "days": 7, "reason": WHY, **changes}


def test_from_a_masked_column_to_its_value(estate: None, analyst: User, officer: User) -> None:
    """The whole walk: a masked answer, the form, another person's yes, the value, its end."""
    row = with_result(analyst, "select id, email from customers", {"id": [1], "email": ["***@example.org"]})
    mine, theirs = signed_in(analyst), signed_in(officer)
    page = mine.get(reverse("queries:ask", args=[row.pk]), {"column": 0})
    assert page.status_code == 404  # the test's outcome names no origin
    assert "email-domain" in mine.get(reverse("compliance:access-ask"), form()).content.decode()
    sent = mine.post(reverse("compliance:access-ask"), form())
    request = AccessRequest.objects.get()
    assert sent["Location"] == request.get_absolute_url()
    assert "decides" in mine.get(sent["Location"]).content.decode()
    decide = reverse("compliance:access-decide", args=[request.pk])
    assert "Grant" in theirs.get(request.get_absolute_url()).content.decode()
    theirs.post(decide, {"answer": "approve", "reason": "short"})
    assert not AccessGrant.objects.exists()
    theirs.post(decide, {"answer": "approve", "reason": WHY})
    assert AccessGrant.objects.get().active
    listed = mine.get(reverse("compliance:access")).content.decode()
    assert "vault.customers.email" in listed
    mine.post(reverse("compliance:access-revoke", args=[request.pk]), {"reason": "I have seen enough."})
    assert not AccessGrant.objects.get().active
    assert "Nobody sees more than the rules show" in mine.get(reverse("compliance:access")).content.decode()


def test_what_is_wrong_is_said_at_its_field_and_nothing_typed_is_lost(estate: None, analyst: User) -> None:
    answer = signed_in(analyst).post(reverse("compliance:access-ask"), form(days="soon"))
    page = answer.content.decode()
    assert answer.status_code == 400
    assert "a whole number from 1 to 90" in page
    assert WHY in page


@pytest.mark.parametrize("dataset", ["", "x", "-1", "9" * 40, "999999"])
def test_a_dataset_that_is_none(estate: None, analyst: User, dataset: str) -> None:
    assert signed_in(analyst).get(reverse("compliance:access-ask"), {"dataset": dataset}).status_code == 404


@pytest.mark.usefixtures("estate")
def test_others_know_of_no_request(analyst: User, colleague: User, steward: User, officer: User, auditor: User) -> None:
    request = asked(analyst)
    decide = reverse("compliance:access-decide", args=[request.pk])
    for other in (colleague, steward):
        client = signed_in(other)
        assert client.get(request.get_absolute_url()).status_code == 404
        assert client.post(decide, {"answer": "approve", "reason": WHY}).status_code == 404
        assert "vault.customers" not in client.get(reverse("compliance:access")).content.decode()
    watching = signed_in(auditor)
    assert watching.get(request.get_absolute_url()).status_code == 200
    assert watching.post(decide, {"answer": "approve", "reason": WHY}).status_code == 403
    assert signed_in(analyst).post(decide, {"answer": "approve", "reason": WHY}).status_code == 403
    request.refresh_from_db()
    assert request.state == State.OPEN
    approve(officer, request)
    for other in (colleague, steward):
        assert signed_in(other).post(reverse("compliance:access-revoke", args=[request.pk])).status_code == 404
    assert watching.post(reverse("compliance:access-revoke", args=[request.pk]), {"reason": WHY}).status_code == 403
    assert AccessGrant.objects.get().active


def test_somebody_without_a_role_is_refused(estate: None, analyst: User, outsider: User) -> None:
    request = asked(analyst)
    client = signed_in(outsider)
    pages = [reverse("compliance:access"), reverse("compliance:access-ask"), request.get_absolute_url()]
    assert [client.get(page).status_code for page in pages] == [403, 403, 403]
    posts = [reverse(f"compliance:access-{name}", args=[request.pk]) for name in ("decide", "withdraw", "revoke")]
    assert [client.post(page).status_code for page in posts] == [403, 403, 403]


def test_pages_cost_the_same_for_many_requests(
    estate: None, analyst: User, colleague: User, officer: User, django_assert_max_num_queries: object
) -> None:
    for who in (analyst, colleague):
        approve(officer, asked(who))
        asked(who, "", purpose="fraud_prevention")
    client = signed_in(officer)
    with django_assert_max_num_queries(22):  # type: ignore[operator]
        assert client.get(reverse("compliance:access")).status_code == 200
