"""May somebody know that an object exists? Group objects stand in for datasets: this floor knows none of them."""

import uuid

import pytest
from django.contrib.auth.models import AnonymousUser, Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test.utils import CaptureQueriesContext
from guardian.models import GroupObjectPermission, UserObjectPermission

from portal.accounts.access import grant_view, grant_view_of_all, revoke_view, visible
from portal.accounts.models import ApiToken, User
from portal.accounts.types import Role
from portal.audit.actions import Action
from portal.audit.models import Event
from tests.people import HOUSE


@pytest.fixture
def tokens(administrator: User) -> list[ApiToken]:
    return [ApiToken.objects.create(user=administrator, name=str(n), digest=f"{n:064}") for n in range(3)]


def give_analysts(right: Permission, key: str) -> None:
    """In bulk, because guardian's save() refuses what these tests are about."""
    group = Group.objects.get(name="analyst")
    row = GroupObjectPermission(group=group, permission=right, content_type=right.content_type, object_pk=key)
    GroupObjectPermission.objects.bulk_create([row])


def names(user: User | AnonymousUser | None) -> list[str]:
    return sorted(token.name for token in visible(user, ApiToken.objects.all()))


def test_what_nobody_granted_nobody_sees(tokens: list[ApiToken], analyst: User) -> None:
    assert names(analyst) == []


def test_a_grant_opens_one_object_to_one_role(tokens: list[ApiToken], analyst: User, steward: User) -> None:
    grant_view(actor=HOUSE, obj=tokens[1], roles=[Role.ANALYST])
    assert names(analyst) == ["1"]
    assert names(steward) == []


def test_an_outsider_anonymous_and_deactivated_see_nothing(
    tokens: list[ApiToken], analyst: User, outsider: User
) -> None:
    grant_view_of_all(actor=HOUSE, objects=tokens, roles=list(Role))
    assert names(outsider) == []
    assert names(AnonymousUser()) == []
    assert names(None) == []
    analyst.is_active = False
    assert names(analyst) == []


def test_a_permission_on_the_model_opens_all_of_it(tokens: list[ApiToken], analyst: User) -> None:
    right = Permission.objects.get(codename="view_apitoken")
    Group.objects.get(name="analyst").permissions.add(right)
    assert names(analyst) == ["0", "1", "2"]


def test_a_grant_to_one_person(tokens: list[ApiToken], analyst: User, colleague: User) -> None:
    right = Permission.objects.get(codename="view_apitoken")
    UserObjectPermission.objects.create(
        user=analyst, permission=right, content_type=right.content_type, object_pk=str(tokens[2].pk)
    )
    assert names(analyst) == ["2"]
    assert names(colleague) == []


def test_the_same_key_of_another_model_opens_nothing(tokens: list[ApiToken], analyst: User) -> None:
    right = Permission.objects.get(codename="view_group")
    give_analysts(right, str(tokens[0].pk))
    assert names(analyst) == []


def test_keys_that_are_no_numbers_do_not_end_the_query(tokens: list[ApiToken], analyst: User) -> None:
    right = Permission.objects.create(
        codename="view_event2", name="x", content_type=ContentType.objects.get_for_model(Event)
    )
    give_analysts(right, str(uuid.uuid4()))
    grant_view(actor=HOUSE, obj=tokens[0], roles=[Role.ANALYST])
    assert names(analyst) == ["0"]


def test_one_query_for_any_number_of_objects(tokens: list[ApiToken], analyst: User) -> None:
    grant_view_of_all(actor=HOUSE, objects=tokens, roles=[Role.ANALYST])
    fresh = User.objects.get(pk=analyst.pk)
    with CaptureQueriesContext(connection) as queries:
        assert len(visible(fresh, ApiToken.objects.all())) == 3
    assert len(queries) == 1


def test_a_grant_is_recorded_once_and_a_revocation_too(tokens: list[ApiToken], analyst: User) -> None:
    for _ in range(2):
        grant_view(actor=HOUSE, obj=tokens[0], roles=[Role.ANALYST, Role.STEWARD])
    assert Event.objects.filter(action=Action.ACCESS_GRANTED).count() == 1
    for _ in range(2):
        revoke_view(actor=HOUSE, obj=tokens[0], roles=[Role.ANALYST])
    assert names(analyst) == []
    assert Event.objects.filter(action=Action.ACCESS_REVOKED).count() == 1


def test_granting_many_takes_few_queries(tokens: list[ApiToken]) -> None:
    with CaptureQueriesContext(connection) as queries:
        assert grant_view_of_all(actor=HOUSE, objects=tokens, roles=[Role.ANALYST, Role.OFFICER]) == 6
    events = sum('INSERT INTO "audit_event"' in query["sql"] for query in queries)
    assert events == 3
    assert len(queries) - events <= 8
