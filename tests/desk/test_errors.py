"""Error pages say what, and what next; the API says the same as JSON."""

import pytest
from django.test import Client, RequestFactory

from portal.accounts.models import User
from portal.desk import errors


def test_not_found_in_the_frame_for_those_who_are_signed_in(client: Client, analyst: User) -> None:
    client.force_login(analyst)
    answer = client.get("/nowhere/")
    assert answer.status_code == 404
    assert "nothing here that you may see" in answer.content.decode()
    assert 'aria-label="Areas"' in answer.content.decode()


def test_not_found_for_the_anonymous_has_no_frame(client: Client, db: None) -> None:
    answer = client.get("/nowhere/")
    assert answer.status_code == 404
    assert 'aria-label="Areas"' not in answer.content.decode()


def test_the_api_answers_json(client: Client, analyst: User) -> None:
    client.force_login(analyst)
    answer = client.get("/api/nowhere/")
    assert (answer.status_code, answer.json()) == (404, {"detail": "Not found."})


def test_refused_says_what_is_missing_and_who_decides(client: Client, analyst: User, administrator: User) -> None:
    client.force_login(analyst)
    page = client.get("/models/").content.decode()
    assert "ML engineer" in page
    assert administrator.label in page


def test_broken_needs_neither_session_nor_database(client: Client) -> None:
    """No `db` fixture: a query would fail the test."""
    answer = errors.broken(RequestFactory().get("/catalog/"))
    assert answer.status_code == 500
    assert "manage.py doctor" in answer.content.decode()
    assert errors.broken(RequestFactory().get("/api/x/")).headers["Content-Type"] == "application/json"


def test_a_view_that_breaks_gives_the_page_and_none_of_its_values(client: Client, analyst: User, settings) -> None:  # type: ignore[no-untyped-def]
    settings.SEARCH_PROVIDERS = ["tests.desk.test_errors.breaks"]
    client.force_login(analyst)
    client.raise_request_exception = False
    answer = client.get("/search/?q=secret-word")
    assert answer.status_code == 500
    assert "secret-word" not in answer.content.decode()


def breaks(user: User, text: str, limit: int) -> list[object]:
    raise RuntimeError(text)


@pytest.mark.parametrize("host", ["evil.example"])
def test_a_host_that_is_not_ours(client: Client, db: None, host: str) -> None:
    answer = client.get("/", HTTP_HOST=host)
    assert answer.status_code == 400
    assert "could not be read" in answer.content.decode()


@pytest.mark.parametrize(
    "address", ["/audit/?q=%00", "/runs/?kind=a%00", "/catalog/?q=%00", "/api/runs/?q=%00", "/a%00/"]
)
def test_a_null_character_in_an_address_is_told(client: Client, auditor: User, address: str) -> None:
    client.force_login(auditor)
    answer = client.get(address)
    assert answer.status_code == 400
    assert "could not be read" in answer.content.decode()
