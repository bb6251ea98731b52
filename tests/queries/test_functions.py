"""What queries may call: the page, what a configuration adds, and asking for more."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.compliance import checks, gate
from apps.compliance.openings import language, languages
from apps.compliance.policy.mongo.vocabulary import EXPRESSIONS
from apps.compliance.policy.sql import allow
from apps.compliance.policy.types import Allowed, Refused
from apps.queries.models import Execution
from portal.accounts.models import User
from portal.accounts.types import Purpose, Role
from portal.audit.models import Event
from portal.notices.models import Notice
from tests.people import person
from tests.vault import CUSTOMERS, asked, leaks

SOURCES = ("oltp", "documents")


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def client(ana: User) -> Client:
    return signed_in(ana)


def decision(user: User, text: str) -> Any:
    return gate.judge(user=user, purpose=Purpose.ANALYTICS, source="oltp", text=text).decision


def test_the_list_is_what_the_check_says(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {one.kind: one for one in languages()}
    assert set(found) == {"postgres", "mongo", "snowflake"}
    assert found["postgres"].opens("json_build_object")
    assert found["postgres"].opens("generate_series")
    assert not found["postgres"].opens("pg_read_file")
    assert not found["postgres"].opens("current_user")
    assert found["snowflake"].opens("flatten")
    assert not found["snowflake"].opens("result_scan")
    assert found["mongo"].opens("$graphLookup")
    assert not found["mongo"].opens("$out")
    assert set(found["mongo"].groups[1].names) == EXPRESSIONS
    from apps.compliance.policy.sql.openings import openings

    openings.cache_clear()
    monkeypatch.setattr(allow, "OPEN", allow.OPEN - {"Soundex"})
    assert not language("postgres").opens("soundex")
    openings.cache_clear()


def test_a_function_of_a_configuration_sees_masked_values_alone(ana: User, settings: Any) -> None:
    text = "select ascii(email), strpos(quote_literal(email), 'kanarie') from customers where id = 1"
    refused = decision(ana, text)
    assert isinstance(refused, Refused)
    assert refused.code == "function_not_allowed"
    settings.SQL_FUNCTIONS = ["postgres:ASCII", "postgres:quote_literal"]
    assert isinstance(decision(ana, text), Allowed)
    told = asked(ana, "oltp", text)
    assert told.rows == [[ord("*"), 0]]
    assert told.masked == ["yes", "yes"]
    assert ord("*") != ord(str(CUSTOMERS[0][1])[0])
    assert language("postgres").opens("quote_literal")
    settings.SQL_FUNCTIONS = ["snowflake:ascii", "snowflake:quote_literal"]
    assert isinstance(decision(ana, text), Refused)


@pytest.mark.parametrize(
    "word",
    ["ascii", "oltp:ascii", "postgres:pg_read_file", "postgres:query_to_xml", "postgres:dblink", "postgres:a.b",
     "snowflake:system$wait", "snowflake:get_ddl", "postgres:token", "postgres:current_setting", "postgres:nextval"],
)  # fmt: skip
def test_what_a_configuration_may_not_open_stops_the_start(settings: Any, word: str) -> None:
    assert checks.functions(None) == []
    settings.SQL_FUNCTIONS = ["postgres:ascii", word]
    assert [message.id for message in checks.functions(None)] == ["portico.E009"]


def test_the_page(client: Client, settings: Any) -> None:
    settings.SQL_FUNCTIONS = ["postgres:quote_literal"]
    page = client.get(reverse("queries:functions")).content.decode()
    for name in ("JSONB_BUILD_OBJECT", "FLATTEN", "$setWindowFields", "$dateTrunc"):
        assert f">{name}" in page
    assert "QUOTE_LITERAL <span" in page
    some = client.get(reverse("queries:functions"), {"q": "graph"}).content.decode()
    assert "$graphLookup" in some
    assert "JSONB_BUILD_OBJECT" not in some
    assert reverse("queries:functions") in client.get(reverse("queries:console")).content.decode()


@pytest.mark.parametrize(
    ("source", "text", "name"),
    [
        ("oltp", "select pg_read_file('x')", "pg_read_file"),
        ("oltp", "select regr_sxx(id, id) from customers", "regr_sxx"),
        ("documents", '{"collection": "sessions", "pipeline": [{"$out": "x"}]}', "$out"),
    ],
)
def test_a_refusal_leads_to_the_page(client: Client, source: str, text: str, name: str) -> None:
    from urllib.parse import quote

    link = f"{reverse('queries:functions')}?name={quote(name)}"
    answer = client.post(reverse("queries:console"), {"source": source, "text": text})
    assert link in client.get(answer["Location"]).content.decode()
    assert link in client.post(reverse("queries:explain"), {"source": source, "text": text}).content.decode()
    assert Execution.objects.get().status == "refused"
    shown = client.get(reverse("queries:functions"), {"name": name, "source": source}).content.decode()
    assert f'value="{name}"' in shown


def test_asking_reaches_the_officers_and_is_closed(client: Client, ana: User) -> None:
    ask = reverse("queries:functions-ask")
    for _ in range(2):
        client.post(ask, {"kind": "postgres", "name": " regr_sxx "})
    notice = Notice.objects.get(kind="function_asked")
    assert notice.roles == ["compliance_officer"]
    assert "regr_sxx on PostgreSQL" in notice.title
    assert Event.objects.filter(action="queries.function_asked", target_id="postgres:regr_sxx").count() == 2
    for name in ("lower", "x(zoë.kanarie@example.org)", "a" * 64):
        client.post(ask, {"kind": "postgres", "name": name})
    assert Notice.objects.filter(kind="function_asked").count() == 1
    assert client.post(ask, {"kind": "nothing", "name": "x"}).status_code == 404
    assert leaks("".join(Event.objects.values_list("payload", flat=True))) == []
    close = reverse("queries:functions-close")
    assert client.post(close, {"key": notice.subject_id}).status_code == 403
    officer = signed_in(person("olga", Role.OFFICER))
    assert "regr_sxx on PostgreSQL" in officer.get(reverse("queries:functions")).content.decode()
    assert "regr_sxx on PostgreSQL" not in client.get(reverse("queries:functions")).content.decode()
    officer.post(close, {"key": notice.subject_id})
    assert not Notice.objects.filter(kind="function_asked", resolved_at=None).exists()


def test_who_may_not_query_has_no_page(ana: User) -> None:
    for user in (person("otis"), person("ada", Role.ADMINISTRATOR)):
        assert signed_in(user).get(reverse("queries:functions")).status_code == 403
        assert signed_in(user).post(reverse("queries:functions-ask"), {"kind": "mongo", "name": "x"}).status_code == 403
