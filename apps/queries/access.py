"""Who may use the console, and the person of a request, for all of its views."""

from django.http import HttpRequest

from portal.accounts.models import User
from portal.accounts.types import Role

QUERIERS = (Role.ANALYST, Role.STEWARD, Role.OFFICER, Role.ENGINEER)


def person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
