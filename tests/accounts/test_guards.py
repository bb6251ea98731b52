import asyncio

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from portal.accounts.guards import RoleMissing, requires_role
from portal.accounts.models import User
from portal.accounts.types import Role


@requires_role(Role.STEWARD, Role.OFFICER)
def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse("in")


@requires_role(Role.STEWARD)
async def stream(request: HttpRequest) -> HttpResponse:
    return HttpResponse("in")


def asked_by(user: User | AnonymousUser) -> HttpRequest:
    request = RequestFactory().get("/")
    request.user = user
    return request


def test_one_of_the_roles_is_enough(steward: User, officer: User) -> None:
    assert page(asked_by(steward)).content == b"in"
    assert page(asked_by(officer)).content == b"in"


def test_others_are_told_what_is_missing(analyst: User) -> None:
    with pytest.raises(RoleMissing, match="steward or compliance officer") as refused:
        page(asked_by(analyst))
    assert refused.value.roles == (Role.STEWARD, Role.OFFICER)


def test_an_outsider_and_the_anonymous_are_refused(outsider: User) -> None:
    for user in (outsider, AnonymousUser()):
        with pytest.raises(RoleMissing):
            page(asked_by(user))


def test_an_async_view_is_guarded_too(live_db: None, steward: User, analyst: User) -> None:
    assert asyncio.run(stream(asked_by(steward))).content == b"in"
    with pytest.raises(RoleMissing):
        asyncio.run(stream(asked_by(analyst)))
