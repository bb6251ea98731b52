"""Who may use the console, and what a request brings, for all of its views."""

from django.http import HttpRequest

from apps.queries.parameters import Typed
from portal.accounts.models import User
from portal.accounts.types import Role

QUERIERS = (Role.ANALYST, Role.STEWARD, Role.OFFICER, Role.ENGINEER)


def person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def typed_in(request: HttpRequest) -> dict[str, Typed]:
    """What the fields of parameters hold: `parameter.country` and `kind.country`."""
    found = {}
    for field, value in request.POST.items():
        if field.startswith("parameter."):
            name = field.removeprefix("parameter.")
            found[name] = Typed(name, request.POST.get(f"kind.{name}", "text"), str(value))
    return found
