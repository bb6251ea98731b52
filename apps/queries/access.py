"""Who may use the console, and what a request brings and may reach, for all of its views."""

import uuid

from django.http import Http404, HttpRequest

from apps.catalog.models import Dataset
from apps.catalog.selectors import datasets_for
from apps.queries import selectors
from apps.queries.models import Execution
from apps.queries.parameters import Typed
from portal.accounts.models import User


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


def own(request: HttpRequest, key: str) -> Execution:
    try:
        return selectors.execution_of(person(request), uuid.UUID(key))
    except (ValueError, Execution.DoesNotExist):
        raise Http404("There is no such execution.") from None


def dataset_of(request: HttpRequest, pk: int) -> Dataset:
    try:
        return datasets_for(person(request)).get(pk=pk)
    except Dataset.DoesNotExist:
        raise Http404("There is no such dataset.") from None
