"""Signing in: who gets in, who is slowed down, what the trail keeps."""

from datetime import timedelta

import pytest
from django.db.models import F
from django.test import Client
from django.utils import timezone

from portal.accounts import sign_in
from portal.accounts.models import SignInWindow, User
from portal.accounts.services import create_user
from portal.accounts.types import Role
from portal.audit.actions import Action
from portal.audit.models import Event
from tests.people import HOUSE

PASSWORD = "correct horse battery"


@pytest.fixture
def iris(db: None) -> User:
    return create_user(actor=HOUSE, username="iris", full_name="Iris Ivanova", password=PASSWORD, roles=[Role.ANALYST])


def attempt(client: Client, password: str = PASSWORD, username: str = "iris", **extra: str):  # type: ignore[no-untyped-def]
    return client.post("/sign-in/", {"username": username, "password": password, **extra})


def test_every_page_asks_the_anonymous_to_sign_in_and_comes_back(client: Client, iris: User) -> None:
    refused = client.get("/inbox/")
    assert refused["Location"] == "/sign-in/?next=/inbox/"
    assert attempt(client, next="/inbox/")["Location"] == "/inbox/"
    assert client.get("/inbox/").status_code == 200


def test_nobody_is_sent_to_another_site(client: Client, iris: User) -> None:
    assert attempt(client, next="https://evil.example/")["Location"] == "/"


def test_signing_in_and_out_are_events(client: Client, iris: User) -> None:
    attempt(client)
    assert client.get("/sign-out/").status_code == 405
    assert client.post("/sign-out/")["Location"] == "/sign-in/"
    assert client.get("/")["Location"].startswith("/sign-in/")
    done = Event.objects.filter(actor_id=str(iris.pk)).order_by("at").values_list("action", flat=True)
    assert list(done) == [Action.SIGNED_IN, Action.SIGNED_OUT]


def test_the_session_changes_its_key_when_somebody_signs_in(client: Client, iris: User) -> None:
    client.post("/theme/", {"theme": "dark"})
    session = client.session
    session["x"] = 1
    session.save()
    before = client.session.session_key
    attempt(client)
    assert client.session.session_key != before


def test_a_wrong_password_says_how_many_tries_are_left(client: Client, iris: User) -> None:
    answer = attempt(client, "wrong")
    assert "4 tries left" in answer.content.decode()
    event = Event.objects.get(action=Action.SIGN_IN_FAILED)
    assert event.target_name == "iris"
    assert "wrong" not in event.payload


def test_what_names_no_account_is_kept_as_a_digest_only(client: Client, iris: User) -> None:
    attempt(client, username="MyPassword99!")
    assert "MyPassword99!" not in Event.objects.get(action=Action.SIGN_IN_FAILED).payload


def test_after_five_tries_even_the_right_password_waits(client: Client, iris: User) -> None:
    for _ in range(5):
        attempt(client, "wrong")
    locked = attempt(client)
    assert locked.status_code == 429
    assert "Try again in 15 minutes" in locked.content.decode()
    assert Event.objects.filter(action=Action.SIGN_IN_FAILED).count() == 5


def test_the_lock_is_for_that_address_only_and_ends(client: Client, iris: User) -> None:
    for _ in range(6):
        attempt(client, "wrong")
    elsewhere = Client(REMOTE_ADDR="10.0.0.9")
    assert attempt(elsewhere).status_code == 302
    SignInWindow.objects.update(opened_at=timezone.now() - sign_in.WINDOW - timedelta(seconds=1))
    assert attempt(client).status_code == 302


def test_one_address_cannot_try_many_accounts(client: Client, iris: User) -> None:
    for number in range(sign_in.TRIES_PER_ADDRESS):
        attempt(client, username=f"guess{number}")
    assert attempt(client).status_code == 429


def test_success_forgives_the_failures_before_it(client: Client, iris: User) -> None:
    for _ in range(4):
        attempt(client, "wrong")
    attempt(client)
    client.post("/sign-out/")
    assert "4 tries left" in attempt(client, "wrong").content.decode()


def test_a_forged_forwarded_address_counts_as_nothing_without_a_proxy(client: Client, iris: User) -> None:
    for number in range(5):
        client.post("/sign-in/", {"username": "iris", "password": "x"}, HTTP_X_FORWARDED_FOR=f"10.1.1.{number}")
    assert attempt(client).status_code == 429


def test_behind_a_proxy_the_address_is_the_one_it_saw(client: Client, iris: User, settings) -> None:  # type: ignore[no-untyped-def]
    settings.BEHIND_PROXY = True
    for number in range(5):  # the client forges the first, the proxy appends the last
        client.post(
            "/sign-in/", {"username": "iris", "password": "x"}, HTTP_X_FORWARDED_FOR=f"10.1.1.{number}, 7.7.7.7"
        )
    locked = client.post(
        "/sign-in/", {"username": "iris", "password": PASSWORD}, HTTP_X_FORWARDED_FOR="10.9.9.9, 7.7.7.7"
    )
    assert locked.status_code == 429


def test_tries_count_before_the_password_is_compared(iris: User) -> None:
    """Parallel guesses: each takes its try from the same row, so no more than the limit get one."""
    for _ in range(sign_in.TRIES_PER_ACCOUNT_AND_ADDRESS):
        sign_in.take_try("k", sign_in.TRIES_PER_ACCOUNT_AND_ADDRESS)
    with pytest.raises(sign_in.SignInRefused):
        sign_in.take_try("k", sign_in.TRIES_PER_ACCOUNT_AND_ADDRESS)
    assert SignInWindow.objects.get(key="k", failures=F("failures")).failures == 5


def test_services_and_the_deactivated_cannot_sign_in(client: Client, iris: User) -> None:
    User.objects.filter(pk=iris.pk).update(is_service=True)
    assert attempt(client).status_code == 200
    User.objects.filter(pk=iris.pk).update(is_service=False, is_active=False)
    assert attempt(client).status_code == 200


def test_demo_people_are_shown_in_the_demo_only(client: Client, db: None, settings) -> None:  # type: ignore[no-untyped-def]
    settings.DEMO, settings.DEMO_PASSWORD = True, "four-words-for-all-of-them"
    assert "four-words-for-all-of-them" in client.get("/sign-in/").content.decode()
    settings.DEMO = False
    page = client.get("/sign-in/").content.decode()
    assert "four-words-for-all-of-them" not in page
    assert "Demo people" not in page


def test_a_fragment_asked_after_the_session_ended_moves_the_whole_page(client: Client, db: None) -> None:
    answer = client.get("/sign-in/?next=/inbox/", headers={"HX-Request": "true"})
    assert answer["HX-Redirect"] == "/sign-in/?next=/inbox/"


def test_a_form_without_its_token_is_refused_with_a_page(iris: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    answer = attempt(strict)
    assert answer.status_code == 403
    assert "out of date" in answer.content.decode()
