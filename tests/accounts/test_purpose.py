"""The purpose one acts under: chosen in the session, within what the roles allow, recorded."""

import json

from django.test import Client, RequestFactory

from portal.accounts.models import User
from portal.accounts.selectors import current_purpose, purposes_of
from portal.accounts.types import Purpose, Role
from portal.audit.actions import Action
from portal.audit.models import Event
from tests.people import person


def purpose_in(client: Client, user: User) -> Purpose:
    request = RequestFactory().get("/")
    request.user, request.session = user, client.session
    return current_purpose(request)


def test_it_starts_with_the_usual_one_and_can_be_changed(client: Client, analyst: User) -> None:
    client.force_login(analyst)
    assert purpose_in(client, analyst) == Purpose.ANALYTICS
    answer = client.post("/account/purpose/", {"purpose": "fraud_prevention", "next": "/inbox/"})
    assert answer["Location"] == "/inbox/"
    assert purpose_in(client, analyst) == Purpose.FRAUD_PREVENTION
    event = Event.objects.get(action=Action.PURPOSE_CHANGED)
    assert json.loads(event.payload)["detail"] == {"from": "analytics", "to": "fraud_prevention"}


def test_choosing_the_same_again_is_no_event(client: Client, analyst: User) -> None:
    client.force_login(analyst)
    client.post("/account/purpose/", {"purpose": "analytics"})
    assert not Event.objects.filter(action=Action.PURPOSE_CHANGED).exists()


def test_nobody_takes_a_purpose_that_no_role_of_theirs_allows(client: Client, analyst: User, outsider: User) -> None:
    for user in (analyst, outsider):
        client.force_login(user)
        page = client.post("/account/purpose/", {"purpose": "compliance"}, follow=True)
        assert "None of your roles" in page.content.decode()
        assert purpose_in(client, user) == Purpose.ANALYTICS
    assert client.post("/account/purpose/", {"purpose": "curiosity"}).status_code == 400


def test_a_purpose_ends_with_the_role_that_allowed_it(client: Client, officer: User) -> None:
    client.force_login(officer)
    client.post("/account/purpose/", {"purpose": "compliance"})
    officer.groups.clear()
    person("olga", Role.ANALYST)
    assert purpose_in(client, User.objects.get(pk=officer.pk)) == Purpose.ANALYTICS


def test_several_roles_add_up(analyst: User) -> None:
    person("ana", Role.OFFICER)
    assert set(purposes_of(User.objects.get(pk=analyst.pk))) == {
        Purpose.ANALYTICS,
        Purpose.FRAUD_PREVENTION,
        Purpose.COMPLIANCE,
    }
    assert purposes_of(None) == ()


def test_without_a_session_it_is_the_usual_one(officer: User) -> None:
    request = RequestFactory().get("/")
    request.user = officer
    assert current_purpose(request) == Purpose.COMPLIANCE


def test_the_anonymous_cannot_choose(client: Client, db: None) -> None:
    assert client.post("/account/purpose/", {"purpose": "analytics"})["Location"].startswith("/sign-in/")
