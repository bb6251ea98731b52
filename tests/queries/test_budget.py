"""What a day's queries may take, and what is said when it is used up."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from apps.queries import services
from apps.queries.budget import Budget, budget_of, midnight
from apps.queries.models import Execution
from apps.queries.sealing import seal
from portal.accounts.models import User
from portal.accounts.types import Purpose
from portal.audit.types import Actor
from tests.vault import govern

TEXT = "select id from customers"


@pytest.fixture(autouse=True)
def estate(db: None, settings: Any) -> None:
    settings.QUERY_DAILY_SECONDS = 100
    govern("oltp")


def ran(user: User, started: timedelta, took: int | None) -> None:
    """An execution that started so long after midnight; `took` seconds, or still at work."""
    row = Execution(owner=user, source="oltp", purpose="analytics", started_at=midnight() + started)
    row.finished_at = None if took is None else row.started_at + timedelta(seconds=took)
    row.text = seal(TEXT.encode(), f"text:{row.pk}")
    row.save(force_insert=True)


def ask(user: User) -> Execution:
    return services.start_execution(
        actor=Actor.of(user), user=user, purpose=Purpose.ANALYTICS, source="oltp", text=TEXT
    )


def test_a_day_counts_from_midnight_and_for_one_person(analyst: User, colleague: User) -> None:
    ran(analyst, timedelta(), 40)
    ran(analyst, timedelta(seconds=-50), 45)  # yesterday's
    ran(colleague, timedelta(), 70)
    assert budget_of(analyst) == Budget(40, 100)
    assert ask(analyst).status == "queued"


def test_what_still_runs_counts(analyst: User) -> None:
    since = timezone.now() - midnight()
    ran(analyst, since - min(since, timedelta(seconds=30)), None)
    assert budget_of(analyst).used == pytest.approx(min(30, since.seconds), abs=5)


def test_who_has_used_it_up_is_told_when_it_begins_again(analyst: User, colleague: User) -> None:
    ran(analyst, timedelta(), 100)
    row = ask(analyst)
    client = Client()
    client.force_login(analyst)
    page = client.get(row.get_absolute_url()).content.decode()
    assert (row.status, row.run_id) == ("refused", None)
    assert "100 of the 100 seconds" in page
    assert "midnight UTC" in page
    assert ask(colleague).status == "queued"


def test_the_console_shows_what_is_left(analyst: User) -> None:
    ran(analyst, timedelta(), 95)
    client = Client()
    client.force_login(analyst)
    page = client.get(reverse("queries:console")).content.decode()
    assert 'class="warn"' in page
    assert "95" in page
