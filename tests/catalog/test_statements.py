"""Executed statements become lineage with evidence that holds no value; who may not hand them in is refused."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from apps.catalog.findings.models import Finding
from apps.catalog.models import Dataset, Derivation, LineageEdge
from apps.catalog.row_edges.models import RowEdge
from apps.catalog.services import UnknownSource
from apps.catalog.statements.lines import MOST_LINES, TooManyLines, read_lines, read_objects
from apps.catalog.statements.models import Statement
from apps.catalog.statements.services import import_statements
from apps.catalog.statements.types import StatementsReport
from portal.accounts.models import User
from portal.audit.models import Event
from tests.catalog.builders import HOUSE, column, dataset, loads, shop
from tests.catalog.test_classification import confirm

pytestmark = pytest.mark.django_db

SESSION = [
    "create temp table recent as select id, email from raw.oltp_customers where status = 'secret-jane'",
    "insert into core.dim_customers (customer_id, email) select id, upper(email) from recent",
]


def lines(*texts: str, session: str = "s1", **more: Any) -> list[dict[str, Any]]:
    return [
        {"session": session, "at": f"2026-01-02T03:04:{n:02}Z", "user": "LOADER", "id": f"q{n}", "text": text, **more}
        for n, text in enumerate(texts)
    ]


def taken(*given: Any) -> StatementsReport:
    statements, wrong = read_objects(enumerate(given, 1))
    return import_statements(actor=HOUSE, source="warehouse", statements=statements, wrong=wrong)


@pytest.fixture
def town() -> None:
    shop()
    confirm()
    loads()


def edges() -> set[tuple[str, str, str]]:
    rows = LineageEdge.objects.filter(origin__startswith="query:")
    return {(e.upstream.name, e.downstream.name, e.transform) for e in rows.select_related("upstream", "downstream")}


@pytest.mark.usefixtures("town")
def test_a_session_is_seen_through_to_what_it_read() -> None:
    report = taken(*lines(*SESSION))
    assert (report.statements, report.written, report.edges, report.row_edges) == (2, 1, 2, 1)
    assert edges() == {("ID", "CUSTOMER_ID", "copy"), ("EMAIL", "EMAIL", "expression")}
    row = RowEdge.objects.get()
    assert (row.upstream.name, row.downstream.name, row.role) == ("STATUS", "DIM_CUSTOMERS", "filter")
    assert column("warehouse/CORE.DIM_CUSTOMERS/EMAIL").category == "user.contact.email"
    assert dataset("warehouse", "DIM_CUSTOMERS").lineage == Dataset.Lineage.KNOWN


@pytest.mark.usefixtures("town")
def test_the_evidence_names_the_statement_and_holds_no_literal() -> None:
    taken(*lines(*SESSION))
    statement = Statement.objects.get()
    assert "insert into core.dim_customers" in statement.text
    assert "status = ?" in statement.text
    assert (statement.executed_by, statement.executed_as) == ("LOADER", "q1")
    edge = LineageEdge.objects.filter(origin=f"query:{statement.fingerprint}").first()
    assert edge
    assert edge.evidence_ref == statement.fingerprint[:16]
    assert edge.evidence_detail == "insert at 2026-01-02 03:04 UTC"
    kept = str([*Statement.objects.values(), *LineageEdge.objects.values(), *RowEdge.objects.values()])
    assert "jane" not in kept
    assert not Event.objects.filter(payload__contains="jane").exists()


@pytest.mark.usefixtures("town")
def test_the_same_again_changes_nothing() -> None:
    taken(*lines(*SESSION))
    before = (
        set(LineageEdge.objects.values_list("pk", flat=True)),
        dataset("warehouse", "DIM_CUSTOMERS").source.revision,
    )
    taken(*lines(*SESSION))
    taken(*lines(*(text.replace("jane", "bob") for text in SESSION)))
    after = set(LineageEdge.objects.values_list("pk", flat=True)), dataset("warehouse", "DIM_CUSTOMERS").source.revision
    assert after == before
    assert Statement.objects.count() == 1


@pytest.mark.usefixtures("town")
def test_an_older_file_does_not_put_an_execution_back() -> None:
    taken(*lines(*SESSION))
    taken(*(each | {"at": f"2025{each['at'][4:]}"} for each in lines(*SESSION)))
    assert Statement.objects.get().executed_at.year == 2026


@pytest.mark.usefixtures("town")
def test_a_table_made_anew_forgets_what_filled_it_before() -> None:
    taken(*lines(*SESSION))
    anew = "create or replace table core.dim_customers as "
    anew += "select id as customer_id, status as email from raw.oltp_customers"
    later = [each | {"at": "2026-01-03T00:00:00Z"} for each in lines(anew, session="s2")]
    earlier = [each | {"at": "2025-01-03T00:00:00Z"} for each in lines(anew.replace("status", "email"), session="s3")]
    taken(*later)
    assert edges() == {("ID", "CUSTOMER_ID", "copy"), ("STATUS", "EMAIL", "copy")}
    assert not RowEdge.objects.exists()
    taken(*later, *earlier)
    assert edges() == {("ID", "CUSTOMER_ID", "copy"), ("STATUS", "EMAIL", "copy")}


@pytest.mark.usefixtures("town")
def test_another_session_does_not_see_a_temporary_table() -> None:
    first, second = SESSION
    report = taken(*lines(first, session="a"), *lines(second, session="b"))
    assert report.edges == 0
    assert {row.how for row in Derivation.objects.filter(origin__startswith="query:")} == {"unknown"}


@pytest.mark.usefixtures("town")
def test_a_typed_value_is_not_called_a_constant() -> None:
    taken(*lines("insert into core.dim_customers (email) values ('jane@x.org')"))
    assert not Derivation.objects.filter(origin__startswith="query:").exists()
    assert column("warehouse/CORE.DIM_CUSTOMERS/EMAIL").category == ""


@pytest.mark.usefixtures("town")
def test_what_is_not_read_is_a_finding_and_the_others_go_on() -> None:
    report = taken(*lines("call refresh('jane')", *SESSION, "select from where ('jane'"))
    assert (report.written, sorted(report.unread)) == (1, [1, 4])
    found = Finding.objects.filter(closed_at=None)
    assert [each.kind for each in found] == ["statement_not_read"] * 2
    assert "jane" not in str(list(found.values()))
    taken(*lines("select 1"))
    assert found.count() == 2


@pytest.mark.usefixtures("town")
def test_a_table_the_catalog_does_not_hold_is_told() -> None:
    assert taken(*lines("create table core.elsewhere as select id from raw.oltp_customers")).unmatched == (
        "ANALYTICS.CORE.ELSEWHERE",
    )


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([], "not an object"),
        ({"at": "2026-01-01"}, 'no "text"'),
        ({"text": 7, "at": "2026-01-01"}, 'no "text"'),
        ({"text": "select 1"}, '"at" is not a time'),
        ({"text": "select 1", "at": "yesterday"}, '"at" is not a time'),
        ({"text": "select 1", "at": "2026-01-01", "user": "a\0"}, "character"),
        ({"text": "select 1", "at": "2026-01-01", "session": ["a"]}, '"session" is not a text'),
        ({"text": "select 1", "at": "2026-01-01", "id": "x" * 300}, '"id" is not a text'),
    ],
)
def test_a_wrong_line_is_told_with_its_number(given: Any, said: str) -> None:
    found, wrong = read_objects([(7, given)])
    assert found == []
    assert said in wrong[7]


def test_lines_are_read_and_limited() -> None:
    found, wrong = read_lines([b'{"at": "2026-01-01T00:00:00", "text": "select 1"}', b"", b"{", b"\xff"])
    assert ([each.line for each in found], sorted(wrong)) == ([1], [3, 4])
    with pytest.raises(TooManyLines):
        read_lines(["{"] * (MOST_LINES + 1))


@pytest.mark.usefixtures("town")
@pytest.mark.parametrize("text", ["select 1 \0", "x" * 200_000, "select '\ud800'", "'", ";;", "(" * 5_000])
def test_hostile_text_ends_as_a_finding(text: str) -> None:
    report = taken(*lines(text))
    assert report.statements == 1
    assert list(report.unread) in ([1], [])


@pytest.mark.usefixtures("town")
def test_the_command_tells_what_came_of_it(tmp_path: Path) -> None:
    file = tmp_path / "history.jsonl"
    file.write_text("\n".join(json.dumps(each) for each in lines(*SESSION)) + "\nnonsense\n")
    said = StringIO()
    call_command("import_statements", str(file), stdout=said)
    assert "2 statements, 1 that wrote; 2 value edges, 1 row edges" in said.getvalue()
    assert "line 3: It is not JSON." in said.getvalue()
    for wrong in (["nowhere.jsonl"], [str(file), "--source", "documents"], [str(file), "--source", "x"]):
        with pytest.raises(CommandError):
            call_command("import_statements", *wrong)


@pytest.mark.usefixtures("town")
def test_documents_have_no_statements() -> None:
    with pytest.raises(UnknownSource, match="oltp, warehouse"):
        import_statements(actor=HOUSE, source="documents", statements=[])


def posted(user: User | None, body: Any) -> Any:
    client = Client()
    if user:
        client.force_login(user)
    return client.post(reverse("catalog-api:statements"), json.dumps(body), content_type="application/json")


@pytest.mark.usefixtures("town")
def test_stewards_hand_them_in_over_http(steward: User, administrator: User) -> None:
    answer = posted(steward, {"source": "warehouse", "statements": [*lines(*SESSION), {"text": ""}]})
    assert answer.status_code == 200
    assert (answer.json()["edges"], answer.json()["wrong"]) == (2, [{"line": 3, "reason": 'It has no "text".'}])
    assert Event.objects.filter(action="catalog.statements_imported").exists()
    assert posted(administrator, {"source": "warehouse", "statements": []}).status_code == 200


@pytest.mark.usefixtures("town")
def test_stewards_read_what_an_edge_rests_on(steward: User, analyst: User) -> None:
    taken(*lines(*SESSION))
    client = Client()
    client.force_login(steward)
    mark = LineageEdge.objects.filter(evidence_kind="query").values_list("evidence_ref", flat=True)[0]
    told = client.get(reverse("catalog-api:statements"), {"fingerprint": mark}).json()
    assert (told["count"], told["results"][0]["executed_as"]) == (1, "q1")
    assert "status = ?" in told["results"][0]["text"]
    assert client.get(reverse("catalog-api:statements"), {"fingerprint": "none"}).json()["count"] == 0
    assert client.get(reverse("catalog-api:statements"), {"fingerprint": "none\0"}).status_code in (200, 400)
    client.force_login(analyst)
    assert client.get(reverse("catalog-api:statements")).status_code == 403


@pytest.mark.usefixtures("town")
def test_everybody_else_is_refused(analyst: User, officer: User, engineer: User, auditor: User, outsider: User) -> None:
    body = {"source": "warehouse", "statements": lines(*SESSION)}
    for user in (analyst, officer, engineer, auditor, outsider, None):
        assert posted(user, body).status_code in (401, 403)
    assert not Statement.objects.exists()


@pytest.mark.usefixtures("town")
@pytest.mark.parametrize(
    "body", [[], "x", {}, {"source": 7}, {"source": "a\0", "statements": []}, {"source": "warehouse", "statements": {}},
             {"source": "nowhere", "statements": []}],
)  # fmt: skip
def test_a_wrong_body_is_refused_with_its_place(steward: User, body: Any) -> None:
    answer = posted(steward, body)
    assert answer.status_code == 400
    assert {"source", "statements"} & set(answer.json())
