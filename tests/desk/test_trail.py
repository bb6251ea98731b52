"""The audit pages: for auditors, officers and administrators; filters, pages, detail, proof."""

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from portal.accounts.models import User
from portal.audit.actions import Action
from portal.audit.models import Event
from portal.audit.sequencer import sequence
from portal.audit.services import record
from portal.audit.types import Actor, Target
from portal.desk.views import trail


@pytest.fixture
def events(analyst: User, colleague: User) -> list[Event]:
    with transaction.atomic():
        return [
            record(
                actor=Actor.of(user),
                action=Action.QUERY_FINISHED,
                target=Target("query", str(number), f"q{number} of {user.username}"),
                detail={"rows": number},
            )
            for number, user in enumerate([analyst, colleague, analyst])
        ]


def shown(client: Client, query: str = "") -> list[str]:
    lines = client.get(f"/audit/{query}").context["lines"]
    return [line.target for line, _ in lines if line.kind == "query"]


@pytest.mark.parametrize("who", ["analyst", "steward", "engineer", "outsider"])
def test_others_are_refused_and_told_who_decides(
    client: Client, events: list[Event], administrator: User, request: pytest.FixtureRequest, who: str
) -> None:
    client.force_login(request.getfixturevalue(who))
    for path in ("/audit/", f"/audit/{events[0].id}/"):
        answer = client.get(path)
        assert answer.status_code == 403
        assert administrator.label in answer.content.decode()
        assert "q0 of" not in answer.content.decode()


def test_the_anonymous_are_sent_to_sign_in(client: Client, events: list[Event]) -> None:
    assert client.get(f"/audit/{events[0].id}/")["Location"].startswith("/sign-in/")


@pytest.mark.parametrize("who", ["auditor", "officer", "administrator"])
def test_those_who_may_see_all(client: Client, events: list[Event], request: pytest.FixtureRequest, who: str) -> None:
    client.force_login(request.getfixturevalue(who))
    assert set(shown(client)) == {"q0 of ana", "q1 of colin", "q2 of ana"}
    assert client.get(f"/audit/{events[1].id}/").status_code == 200


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?actor=colin", {"q1 of colin"}),
        ("?q=Q2", {"q2 of ana"}),
        ("?kind=query&id=0", {"q0 of ana"}),
        ("?action=queries.exported", set()),
        ("?since=2001-01-01&until=2001-01-02", set()),
        ("?since=2001-02-31", {"q0 of ana", "q1 of colin", "q2 of ana"}),
        ("?since=soon&before=nonsense", {"q0 of ana", "q1 of colin", "q2 of ana"}),
    ],
)
def test_filters(client: Client, auditor: User, events: list[Event], query: str, expected: set[str]) -> None:
    client.force_login(auditor)
    assert set(shown(client, query)) == expected


def test_pages_miss_nothing_and_repeat_nothing(client: Client, auditor: User, events: list[Event], monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(trail, "PAGE", 2)
    client.force_login(auditor)
    seen: list[str] = []
    query = "?kind=query"
    while query:
        page = client.get(f"/audit/{query}")
        seen += [line.target for line, _ in page.context["lines"]]
        query = page.context["older"]
    assert sorted(seen) == ["q0 of ana", "q1 of colin", "q2 of ana"]


def test_the_proof_of_one_event(client: Client, auditor: User, events: list[Event]) -> None:
    client.force_login(auditor)
    path = f"/audit/{events[1].id}/"
    assert client.get(path).context["proof"] is None
    assert "for its leaf" in client.get(path).content.decode()
    sequence()
    page = client.get(path)
    assert page.context["holds"]
    assert page.context["proof"].head.root[:8] in page.content.decode()


def test_an_event_that_nobody_recorded(client: Client, auditor: User) -> None:
    client.force_login(auditor)
    assert client.get("/audit/00000000-0000-4000-8000-000000000000/").status_code == 404


def test_the_list_costs_the_same_for_any_number(client: Client, auditor: User, events: list[Event]) -> None:
    sequence()
    client.force_login(auditor)
    with CaptureQueriesContext(connection) as queries:
        client.get("/audit/")
    assert len(queries) <= 9, [query["sql"][:90] for query in queries]
