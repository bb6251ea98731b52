"""Roles are groups; what they may do everywhere is a table in the settings."""

import pytest
from django.apps import apps
from django.contrib.auth.models import AnonymousUser, Group
from django.db import connection
from django.test.utils import CaptureQueriesContext

from portal.accounts.models import User
from portal.accounts.roles import sync_roles
from portal.accounts.selectors import has_role, people_with, roles_of
from portal.accounts.types import Role
from tests.people import person


def test_every_role_has_its_group(db: None) -> None:
    assert set(Group.objects.values_list("name", flat=True)) >= {str(role) for role in Role}


def test_roles_are_asked_once_and_only_known_groups_count(analyst: User) -> None:
    analyst.groups.add(Group.objects.create(name="lunch"))
    fresh = User.objects.get(pk=analyst.pk)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert roles_of(fresh) == {Role.ANALYST}
        assert has_role(fresh, Role.STEWARD, Role.ANALYST)
        assert not has_role(fresh, Role.STEWARD)
    assert len(queries) == 1


def test_a_role_that_is_given_counts_at_once(analyst: User) -> None:
    assert not has_role(analyst, Role.STEWARD)
    person("ana", Role.STEWARD)
    analyst = User.objects.get(pk=analyst.pk)
    assert has_role(analyst, Role.STEWARD)


def test_nobody_and_the_deactivated_hold_no_role(analyst: User) -> None:
    analyst.is_active = False
    assert roles_of(analyst) == frozenset()
    assert roles_of(AnonymousUser()) == frozenset()
    assert roles_of(None) == frozenset()


def test_permissions_of_a_role_follow_the_settings(auditor: User, analyst: User, settings) -> None:  # type: ignore[no-untyped-def]
    assert auditor.has_perm("accounts.view_audit")
    assert not analyst.has_perm("accounts.view_audit")

    settings.ROLE_PERMISSIONS = {"analyst": ["accounts.view_health"]}
    sync_roles(apps.get_app_config("accounts"), using="default")

    analyst, auditor = User.objects.get(pk=analyst.pk), User.objects.get(pk=auditor.pk)
    assert analyst.has_perm("accounts.view_health")
    assert not auditor.has_perm("accounts.view_audit")


def test_whom_to_ask(administrator: User, analyst: User) -> None:
    gone = person("gone", Role.ADMINISTRATOR)
    User.objects.filter(pk=gone.pk).update(is_active=False)
    assert list(people_with(Role.ADMINISTRATOR)) == [administrator]


@pytest.mark.parametrize("role", list(Role))
def test_every_role_has_words_and_a_purpose(role: Role) -> None:
    from portal.accounts.types import PURPOSES

    assert role.label
    assert PURPOSES[role]
