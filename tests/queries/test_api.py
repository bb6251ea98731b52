"""Executions over HTTP, with a real worker behind them."""

import uuid
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from apps.queries import results
from apps.queries.models import Execution
from apps.queries.results import path_of
from portal.accounts.models import User
from portal.audit.models import Event
from tests.answers import with_result
from tests.runs.processes import Celery
from tests.vault import CANARIES, govern

URL = "/api/queries/executions/"


def post(user: User, body: Any) -> Any:
    client = Client()
    client.force_login(user)
    return client.post(URL, body, content_type="application/json")


def get(user: User, key: str, query: str = "") -> Any:
    client = Client()
    client.force_login(user)
    return client.get(f"{URL}{key}/{query}")


@pytest.fixture
def estate(live_db: None) -> None:
    govern("oltp")


class TestARunQuery:
    @pytest.fixture(autouse=True)
    def _one_place(self, settings: Any) -> None:
        # The worker is another process: it writes where the environment says.
        settings.RESULTS_DIR = settings.HOME / "results"

    def test_comes_back_masked_in_pages(self, worker: Celery, estate: None, analyst: User, colleague: User) -> None:
        response = post(analyst, {"source": "oltp", "text": "select id, email, amount_of_nothing from customers"})
        assert response.status_code == 422

        response = post(analyst, {"source": "oltp", "text": "select id, email from customers order by id"})
        body = response.json()

        assert (response.status_code, body["status"], body["row_count"]) == (200, "done", 4), worker.logs()
        assert body["rows"] == [[1, "***@example.org"], [2, "***@mail.test"], [3, None], [4, "***"]]
        assert [(c["name"], c["type"], c["masked"]) for c in body["columns"]] == [
            ("id", "integer", False),
            ("email", "text", True),
        ]
        assert "email-domain" in body["columns"][1]["reason"]
        page = get(analyst, body["id"], "?page=2&page_size=3").json()
        assert (page["rows"], page["next"]) == ([[4, "***"]], None)
        assert get(analyst, body["id"], "?page=1&page_size=3").json()["next"].endswith("?page=2&page_size=3")
        assert get(colleague, body["id"]).status_code == 404

        sealed = path_of(uuid.UUID(body["id"])).read_bytes()
        assert b"example" not in sealed
        assert b"PAR1" not in sealed
        words = list(Event.objects.filter(target_id=body["id"]).order_by("at").values_list("action", flat=True))
        assert words == ["queries.decided", "queries.finished"]

        decimals = post(analyst, {"source": "oltp", "text": "select 1.50::numeric(9,2) as d, date '2025-01-02' as day"})
        assert decimals.json()["rows"] == [["1.50", "2025-01-02"]]

        failing = post(analyst, {"source": "oltp", "text": "select cast(email as int) from customers"}).json()
        assert failing["status"] == "failed"
        assert not [canary for canary in CANARIES if canary in str(failing).lower()]


def refusal(user: User, text: str, source: str = "oltp") -> dict[str, Any]:
    response = post(user, {"source": source, "text": text})
    assert response.status_code == 422, response.content
    body: dict[str, Any] = response.json()
    assert body["status"] == "refused"
    return dict(body["refusal"])


def test_a_refusal_says_what_where_and_what_next(estate: None, analyst: User) -> None:
    said = refusal(analyst, "select *\nfrom custmers")
    assert (said["code"], said["line"]) == ("unknown_table", 2)
    assert "customers" in said["hint"]
    assert refusal(analyst, "delete from customers")["code"] == "not_a_query"
    assert refusal(analyst, "select 1", "nowhere")["code"] == "unknown_source"
    event = Event.objects.filter(action="queries.refused").first()
    assert event is not None
    assert "custmers" not in event.payload


def test_somebody_without_a_role_is_refused(estate: None, outsider: User) -> None:
    assert refusal(outsider, "select * from customers")["code"] == "forbidden"


def test_a_dataset_nobody_granted_looks_like_none(estate: None, engineer: User) -> None:
    unknown = refusal(engineer, "select * from customers")
    never = refusal(engineer, "select * from zzzzzzz")
    assert unknown["code"] == never["code"] == "unknown_table"
    assert "Did you mean" not in unknown["hint"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"text": "select 1"}, "source"),
        ({"source": "oltp"}, "text"),
        ({"source": "oltp", "text": 5}, "text"),
        ({"source": ["oltp"], "text": "select 1"}, "source"),
        ({"source": "oltp", "text": "select '\0'"}, "text"),
        ('{"source": "oltp", "text": "select \'\\ud800\'"}', "text"),
        ('{"source": "x\\udfff", "text": "select 1"}', "source"),
        ([1], ""),
    ],
)
def test_a_malformed_body_is_told_its_field(estate: None, analyst: User, body: Any, field: str) -> None:
    response = post(analyst, body)
    assert (response.status_code, response.json()["field"]) == (400, field)


def test_broken_json_is_400(estate: None, analyst: User) -> None:
    assert post(analyst, "{").status_code == 400
    assert post(analyst, "[" * 100_000).status_code == 400


def wide(owner: User) -> Execution:
    """Five rows of a kilobyte each."""
    columns = {"id": [0, 1, 2, 3, 4], "s": [letter * 1000 for letter in "abcde"]}
    return with_result(owner, "select id, status as s from charges", columns)


def test_a_page_too_big_comes_smaller_and_next_leads_to_every_row_once(
    estate: None, analyst: User, colleague: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "PAGE_BYTES", 2_500)
    row = wide(analyst)
    body = get(analyst, str(row.pk), "?page_size=4").json()
    assert ([each[0] for each in body["rows"]], body["row_count"]) == ([0, 1], 5)
    assert body["next"] == f"{URL}{row.pk}/?page=2&page_size=2"
    seen = body["rows"]
    while body["next"]:
        query = body["next"].removeprefix(f"{URL}{row.pk}/")
        assert get(colleague, str(row.pk), query).status_code == 404
        body = get(analyst, str(row.pk), query).json()
        seen += body["rows"]
    assert seen == [[number, letter * 1000] for number, letter in enumerate("abcde")]


@pytest.mark.parametrize("query", ["?page=0", "?page=x", "?page_size=100000", "?page=²"])
def test_a_malformed_page_is_400(estate: None, analyst: User, query: str) -> None:
    key = post(analyst, {"source": "oltp", "text": "select nothing"}).json()["id"]
    assert get(analyst, key, query).status_code == 400


def test_without_a_sign_in_there_is_no_answer(live_db: None) -> None:
    assert Client().post(URL, {}, content_type="application/json").status_code in (401, 403)


def test_what_was_typed_is_sealed(estate: None, analyst: User) -> None:
    key = post(analyst, {"source": "oltp", "text": "select 'kanarie' from nowhere"}).json()["id"]
    row = Execution.objects.get(pk=key)
    assert b"kanarie" not in bytes(row.text) + bytes(row.outcome or b"")


@pytest.mark.parametrize(
    "text", ["call f('kanarie')", "explain select 'kanarie'", "select 'kanarie", "grant 'kanarie'"]
)
def test_what_was_typed_reaches_no_log(
    estate: None, analyst: User, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    with caplog.at_level("DEBUG", logger=""):
        refusal(analyst, text)
    ours = [record for record in caplog.records if not record.name.startswith(("django.db", "asyncio"))]
    assert not [record for record in ours if "kanarie" in record.getMessage()]


def test_settings_have_a_key() -> None:
    assert len(bytes.fromhex(settings.RESULTS_KEY)) == 32
