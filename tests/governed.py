"""One governed estate for all tests of a module: a sync and a governance file for each test would cost more than it.

A module names its sources (`SOURCES = ("oltp",)`) and asks for `ana`. What a test writes is rolled back after it.
"""

from collections.abc import Iterator

import pytest
from django.db import transaction
from pytest_django import DjangoDbBlocker

from portal.accounts.models import User
from portal.accounts.types import Role
from tests.people import person
from tests.vault import govern

SERVERS = {"documents": "mongo", "warehouse": "warehouse"}


@pytest.fixture(scope="module")
def governed(
    request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[int]:
    """The analyst's id. Everything in the portal's database is rolled back after the module."""
    for source in request.module.SOURCES:
        if source in SERVERS:
            request.getfixturevalue(SERVERS[source])
    with django_db_blocker.unblock(), transaction.atomic():
        analyst = person("ana", Role.ANALYST)
        govern(*request.module.SOURCES)
        yield analyst.pk
        transaction.set_rollback(True)


@pytest.fixture
def ana(governed: int) -> Iterator[User]:
    with transaction.atomic():
        yield User.objects.get(pk=governed)
        transaction.set_rollback(True)
