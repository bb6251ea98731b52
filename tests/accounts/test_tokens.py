"""API tokens: made once, shown once, ended at once."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIRequestFactory

from portal.accounts.models import ApiToken, User
from portal.accounts.services import create_token
from portal.accounts.tokens import TokenAuthentication, fingerprint
from portal.audit.actions import Action
from portal.audit.models import Event
from portal.audit.types import Actor
from tests.people import HOUSE


def sent(token: str):  # type: ignore[no-untyped-def]
    return TokenAuthentication().authenticate(
        APIRequestFactory().get("/", headers={"Authorization": f"Bearer {token}"})
    )


def test_the_page_shows_a_new_token_once(client: Client, analyst: User) -> None:
    client.force_login(analyst)
    made = client.post("/account/tokens/create/", {"name": "nightly", "days": 30})
    token = ApiToken.objects.get(user=analyst)
    shown = made.context["made"]
    assert shown in made.content.decode()
    assert "no-store" in made["Cache-Control"]
    assert token.digest == fingerprint(shown)
    assert shown not in client.get("/account/tokens/").content.decode()
    assert sent(shown)[0] == analyst


def test_the_trail_knows_of_the_token_and_not_the_token(analyst: User) -> None:
    _, token = create_token(actor=Actor.of(analyst), user=analyst, name="nightly")
    event = Event.objects.get(action=Action.TOKEN_CREATED)
    assert token not in event.payload
    assert fingerprint(token) not in event.payload


def test_revoked_expired_and_deactivated_do_not_work(client: Client, analyst: User) -> None:
    from rest_framework.exceptions import AuthenticationFailed

    row, token = create_token(actor=HOUSE, user=analyst, name="a")
    client.force_login(analyst)
    client.post(f"/account/tokens/{row.pk}/revoke/")
    with pytest.raises(AuthenticationFailed):
        sent(token)
    assert Event.objects.filter(action=Action.TOKEN_REVOKED).count() == 1
    client.post(f"/account/tokens/{row.pk}/revoke/")
    assert Event.objects.filter(action=Action.TOKEN_REVOKED).count() == 1

    row, token = create_token(actor=HOUSE, user=analyst, name="b")
    ApiToken.objects.filter(pk=row.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    with pytest.raises(AuthenticationFailed):
        sent(token)

    _, token = create_token(actor=HOUSE, user=analyst, name="c", lifetime=None)
    assert sent(token)
    User.objects.filter(pk=analyst.pk).update(is_active=False)
    with pytest.raises(AuthenticationFailed):
        sent(token)


def test_nobody_revokes_another_persons_token(client: Client, analyst: User, administrator: User) -> None:
    row, _ = create_token(actor=HOUSE, user=analyst, name="a")
    client.force_login(administrator)
    assert client.post(f"/account/tokens/{row.pk}/revoke/").status_code == 404
    assert "a" not in [token.name for token in client.get("/account/tokens/").context["tokens"]]
    row.refresh_from_db()
    assert row.revoked_at is None


def test_the_anonymous_get_no_token_page(client: Client, db: None) -> None:
    for path in ("/account/tokens/", "/account/tokens/create/"):
        assert client.get(path)["Location"].startswith("/sign-in/")
    assert client.post("/account/tokens/create/", {"name": "x", "days": 30})["Location"].startswith("/sign-in/")
    assert ApiToken.objects.count() == 0


@pytest.mark.parametrize("bad", [{"name": "", "days": 30}, {"name": "x", "days": 4000}, {"name": "x" * 101, "days": 7}])
def test_a_bad_form_makes_nothing(client: Client, analyst: User, bad: dict[str, object]) -> None:
    client.force_login(analyst)
    answer = client.post("/account/tokens/create/", bad)
    assert answer.status_code == 200
    assert answer.context["form"].errors
    assert ApiToken.objects.count() == 0


def test_the_command_prints_a_token_that_works(analyst: User) -> None:
    out = StringIO()
    call_command("create_token", "ana", stdout=out)
    assert sent(out.getvalue().strip())[0] == analyst


def test_the_command_refuses_strangers_and_odd_lifetimes(analyst: User) -> None:
    with pytest.raises(CommandError, match="No active person"):
        call_command("create_token", "nobody")
    with pytest.raises(CommandError, match="at least one day"):
        call_command("create_token", "ana", "--days", "0")


def test_demo_people(db: None, settings) -> None:  # type: ignore[no-untyped-def]
    settings.DEMO, settings.DEMO_PASSWORD = True, "four-words-for-all"
    for _ in range(2):
        call_command("create_demo_people", stdout=StringIO())
    assert (
        User.objects.filter(username__in=["ana", "stefan", "olga", "otto", "mila", "mateo", "aude", "ada"]).count() == 8
    )
    assert User.objects.get(username="olga").check_password("four-words-for-all")
    assert Event.objects.filter(action=Action.USER_CREATED).count() == 8
    settings.DEMO = False
    with pytest.raises(CommandError, match="PORTICO_DEMO is off"):
        call_command("create_demo_people")
