"""Saved queries that run by themselves: as whom, under which rights, and how the answer arrives."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from apps.queries.models import Execution, SavedQuery, Schedule
from apps.queries.saved import services as saved
from apps.queries.saved.types import Draft, Invalid
from apps.queries.schedules import services
from apps.queries.services import end
from portal.accounts.models import User
from portal.accounts.types import Purpose, Role
from portal.audit.actions import Action
from portal.audit.models import Event
from portal.audit.types import Actor
from portal.notices.models import Notice
from tests.vault import govern


@pytest.fixture
def query(db: None, analyst: User) -> SavedQuery:
    govern("oltp")
    draft = Draft(
        "Customers of Zoë", "oltp", "select id, email from customers where country = :c", "", {"c": ["text", "GB"]}
    )
    return saved.save_query(actor=Actor.of(analyst), owner=analyst, draft=draft)


def scheduled(user: User, query: SavedQuery, times: str = "every 1 day") -> Schedule:
    row = services.set_schedule(actor=Actor.of(user), user=user, query=query, times=times, purpose=Purpose.ANALYTICS)
    assert row is not None
    return row


def due(row: Schedule) -> list[Execution]:
    Schedule.objects.filter(pk=row.pk).update(next_at=timezone.now() - timedelta(days=3))
    return services.start_due(timezone.now())


def test_what_is_due_runs_once_as_whoever_wants_it(query: SavedQuery, analyst: User) -> None:
    row = scheduled(analyst, query)
    assert services.start_due(timezone.now()) == []
    (ran,) = due(row)
    assert (ran.owner, ran.purpose, ran.status) == (analyst, "analytics", "queued")
    assert services.start_due(timezone.now()) == []
    row.refresh_from_db()
    assert row.next_at is not None
    assert row.next_at > timezone.now()
    assert row.last == ran


def test_the_answer_arrives_once_and_tells_no_title(query: SavedQuery, analyst: User) -> None:
    row = scheduled(analyst, query)
    (ran,) = due(row)
    assert services.deliver() == 0
    end(ran.pk, status=Execution.Status.DONE, row_count=1234)
    assert (services.deliver(), services.deliver()) == (1, 0)
    notice = Notice.objects.get(kind="query_delivered")
    assert notice.people == [analyst.pk]
    assert "1,234 rows" in notice.title
    assert "Zoë" not in notice.title
    assert notice.url == ran.get_absolute_url()


def test_each_runs_under_their_own_rights(query: SavedQuery, analyst: User, colleague: User) -> None:
    saved.share_query(actor=Actor.of(analyst), user=analyst, query=query, role=Role.ANALYST)
    row = scheduled(colleague, query)
    (ran,) = due(row)
    assert ran.owner == colleague
    saved.share_query(actor=Actor.of(analyst), user=analyst, query=query, role=None)
    assert due(row) == []
    row.refresh_from_db()
    assert "not shared with you any more" in row.note


def test_whoever_lost_their_role_gets_nothing(query: SavedQuery, analyst: User) -> None:
    row = scheduled(analyst, query)
    analyst.groups.clear()
    assert due(row) == []
    row.refresh_from_db()
    assert "no longer allow the purpose" in row.note


def test_nobody_schedules_what_is_not_shared_with_them(query: SavedQuery, colleague: User, outsider: User) -> None:
    with pytest.raises(PermissionDenied):
        scheduled(colleague, query)
    url = reverse("queries:saved-schedule", args=[query.pk])
    for user, status in ((colleague, 404), (outsider, 403)):
        client = Client()
        client.force_login(user)
        assert client.post(url, {"times": "every 1 day"}).status_code == status
    assert not Schedule.objects.exists()


@pytest.mark.parametrize("times", ["often", "every 5 minutes", "*/5 * * * *", "0 0 31 2 *"])
def test_times_that_are_none(query: SavedQuery, analyst: User, times: str) -> None:
    with pytest.raises(Invalid):
        scheduled(analyst, query, times)


def test_from_the_page_and_away_again(query: SavedQuery, analyst: User) -> None:
    client, url = Client(), reverse("queries:saved-schedule", args=[query.pk])
    client.force_login(analyst)
    client.post(url, {"times": " 0  7 * * 1-5 "})
    assert Schedule.objects.get().times == "0 7 * * 1-5"
    assert "0 7 * * 1-5" in client.get(query.get_absolute_url()).content.decode()
    assert "Not scheduled" in client.post(url, {"times": "soon"}, follow=True).content.decode()
    client.post(url, {"times": ""})
    assert not Schedule.objects.exists()
    assert Event.objects.filter(action=Action.SCHEDULE_REMOVED).count() == 1
