from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal.accounts.models import User
from portal.accounts.types import Role
from portal.audit.actions import Action
from portal.audit.services import record
from portal.audit.types import Actor, Target
from portal.desk import strip
from portal.desk.health import Component
from portal.notices.services import notify, resolve


def section(user: User) -> SimpleNamespace | None:
    """Stands in for what an app names in settings.HOME_SECTIONS."""
    if user.username != "ana":
        return None
    item = SimpleNamespace(
        kind="query", title="Sales by day", path="warehouse", url="/queries/1/", why="", state="done", at=None
    )
    return SimpleNamespace(title="Your queries", url="/queries/", items=[item], empty="")


@pytest.mark.parametrize("path", ["/", "/inbox/", "/status/"])
def test_the_anonymous_are_sent_to_sign_in(client: Client, db: None, path: str) -> None:
    assert client.get(path)["Location"].startswith("/sign-in/")


def test_home_teaches_when_there_is_nothing(client: Client, analyst: User) -> None:
    client.force_login(analyst)
    page = client.get("/").content.decode()
    assert "Nothing needs you" in page
    assert "What you do in the portal is recorded" in page


def test_what_needs_whom(client: Client, officer: User, analyst: User) -> None:
    late, soon = timezone.now() - timedelta(days=2), timezone.now() + timedelta(days=9)
    for key, due in (("soon", soon), ("late", late)):
        notify(
            kind="request.due", subject_kind="request", subject_id=key, title=f"Erasure {key}",
            url="/compliance/1/", roles=[Role.OFFICER], due_at=due,
        )  # fmt: skip
    client.force_login(officer)
    page = client.get("/inbox/").content.decode()
    assert page.index("Erasure late") < page.index("Erasure soon")
    assert "needs__item--late" in page
    client.force_login(analyst)
    assert "Erasure" not in client.get("/inbox/").content.decode() + client.get("/").content.decode()
    resolve(kind="request.due", subject_kind="request", subject_id="late")
    client.force_login(officer)
    assert "Erasure late" not in client.get("/inbox/").content.decode()


def test_home_shows_ones_own_last_steps_only(client: Client, analyst: User, colleague: User) -> None:
    for user in (analyst, colleague):
        with transaction.atomic():
            record(
                actor=Actor.of(user), action=Action.QUERY_FINISHED, target=Target("query", "1", f"of {user.username}")
            )
    client.force_login(analyst)
    page = client.get("/").content.decode()
    assert "of ana" in page
    assert "of colin" not in page


def test_what_follows_of_itself_is_nothing_one_did(client: Client, analyst: User) -> None:
    """The steps of a run that somebody started stand in the trail in that person's name."""
    with transaction.atomic():
        for action in (
            Action.RUN_STARTED,
            Action.STEP_QUEUED,
            Action.STEP_FINISHED,
            Action.RUN_FINISHED,
            Action.QUERY_DECIDED,
        ):
            record(actor=Actor.of(analyst), action=action, target=Target("run", "1", f"of {action}"))
    client.force_login(analyst)
    page = client.get("/").content.decode()
    assert "of runs.started" in page
    assert "Run started" in page
    assert "of queries.decided" not in page
    assert "of runs.step" not in page
    assert "of runs.finished" not in page


def test_sections_come_from_the_settings(client: Client, analyst: User, colleague: User, settings) -> None:  # type: ignore[no-untyped-def]
    settings.HOME_SECTIONS = ["tests.desk.test_home.section"]
    client.force_login(analyst)
    assert "Sales by day" in client.get("/").content.decode()
    client.force_login(colleague)
    assert "Your queries" not in client.get("/").content.decode()


def test_home_costs_few_queries_however_much_there_is(client: Client, officer: User) -> None:
    for number in range(40):
        notify(kind="t", subject_kind="x", subject_id=str(number), title="t", url="/inbox/", roles=[Role.OFFICER])
    client.force_login(officer)
    with CaptureQueriesContext(connection) as queries:
        assert client.get("/").status_code == 200
    assert len(queries) <= 15, [query["sql"][:90] for query in queries]


def test_the_strip_says_which_part_is_down_and_what_still_works(client: Client, analyst: User, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    parts = [
        Component("portal_db", ok=True, version="PostgreSQL 18"),
        Component("documents", ok=False, detail="10.0.0.7 refused", since="2026-11-23T06:00:00+00:00"),
    ]
    monkeypatch.setattr(strip, "board", SimpleNamespace(components=lambda: parts))
    client.force_login(analyst)
    answer = client.get("/status/").content.decode()
    assert "Documents: seen down since" in answer
    assert "2026-11-23T06:00:00" in answer
    assert "the other stores work" in answer
    assert "10.0.0.7" not in answer


def test_ones_own_queries_and_pipelines(client: Client, analyst: User, colleague: User, auditor: User) -> None:
    """The real sections: another person's query never shows, an auditor has no block of queries."""
    from apps.pipelines.models import Pipeline
    from apps.queries.models import Execution
    from apps.queries.sealing import seal

    row = Execution(owner=colleague, source="warehouse", purpose="analytics")
    row.text = seal(b"select secret_of_colin", f"text:{row.pk}")
    row.save()
    Pipeline.objects.get_or_create(name="payments_elt", defaults={"title": "Payments to the warehouse"})

    client.force_login(colleague)
    assert "select secret_of_colin" in client.get("/").content.decode()
    client.force_login(analyst)
    page = client.get("/").content.decode()
    assert "secret_of_colin" not in page
    assert "What you run in the console appears here" in page
    assert "Payments to the warehouse" in page
    assert "Payments to the warehouse" in client.get("/search/?q=payments_e").content.decode()
    client.force_login(auditor)
    assert "Your last queries" not in client.get("/").content.decode()


def test_who_holds_no_role_finds_no_pipeline(client: Client, outsider: User) -> None:
    from apps.pipelines.models import Pipeline

    Pipeline.objects.get_or_create(name="payments_elt", defaults={"title": "Payments to the warehouse"})
    client.force_login(outsider)
    pages = client.get("/").content.decode() + client.get("/search/?q=payments_e").content.decode()
    assert "Payments to the warehouse" not in pages
