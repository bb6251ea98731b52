"""Look-ups: a row by a value that is masked, so many an hour, and the value itself nowhere."""

import json
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from apps.catalog.models import Dataset
from apps.compliance import gate, governance
from apps.compliance.look_ups import Sought
from apps.compliance.policy.types import Allowed
from apps.compliance.services import write_governance
from apps.compliance.tokens.values import look_up_token, token_of
from apps.queries.look_ups import kept, selectors, services
from apps.queries.look_ups.types import Invalid, TooMany, Wanted
from apps.queries.models import Execution, LookUp
from apps.queries.selectors import outcome_of, text_of
from apps.queries.values import plain
from portal.accounts.models import User
from portal.accounts.types import Purpose, Role
from portal.audit.models import Event
from portal.audit.types import Actor
from portal.stores import open_store
from portal.stores.types import Sql
from tests.people import person
from tests.vault import CUSTOMERS, HOUSE, MASKS, govern, leaks

SOURCES = ("oltp", "warehouse", "documents")
ZOE = str(CUSTOMERS[0][1])
REASON = "Ticket 5521: she asks for her refund"
WHERE = {"oltp": ("customers", "email"), "warehouse": ("CUSTOMERS", "EMAIL"), "documents": ("sessions", "email")}
FOUND = {"oltp": [1], "warehouse": [1], "documents": ["s1"]}


def dataset(source: str) -> Dataset:
    return Dataset.objects.get(source__name=source, name=WHERE[source][0], retired_at=None)


def sought(source: str, value: str = ZOE, column: str = "") -> Sought:
    return Sought(tuple(dataset(source).path), column or WHERE[source][1], look_up_token(value))


def run(user: User, source: str, one: Sought, purpose: Purpose = Purpose.ANALYTICS) -> list[dict[str, Any]]:
    """What the gate answers, by the names of the columns in lower case."""
    with gate.run_query(
        user=user, purpose=purpose, source=source, text="Look-up", limits=selectors.limits(), sought=one
    ) as answer:
        names = [column.name.lower() for column in answer.columns]
        rows = [row for batch in answer.batches for row in batch.to_pylist()]
    by_name = [{key.lower(): plain(value) for key, value in row.items()} for row in rows]
    return [{name: row.get(name) for name in names} for row in by_name]


def refused(user: User, source: str, one: Sought, purpose: Purpose = Purpose.ANALYTICS) -> str:
    with pytest.raises(gate.QueryRefused) as refusal:
        run(user, source, one, purpose)
    return refusal.value.refused.code


def look_up(user: User, source: str = "oltp", value: str = ZOE, column: str = "", reason: str = REASON) -> Execution:
    return services.look_up(
        actor=Actor.of(user),
        user=user,
        purpose=Purpose.ANALYTICS,
        dataset=dataset(source),
        wanted=Wanted(column or WHERE[source][1], value, reason),
    )


@pytest.mark.parametrize("source", SOURCES)
def test_it_finds_the_row_and_the_masks_hold(ana: User, source: str) -> None:
    rows = run(ana, source, sought(source))
    key = "_id" if source == "documents" else "id"
    assert [row[key] for row in rows] == FOUND[source]
    assert rows[0]["email"] == "***@example.org"
    assert leaks(json.dumps(rows, default=str, ensure_ascii=False)) == []
    for value in ("zoë.kanarie@example.or", ZOE.upper(), "***@example.org", "%", "' or ''='"):
        assert run(ana, source, sought(source, value)) == []


@pytest.mark.parametrize("source", SOURCES)
def test_a_column_under_tokens_is_looked_up_by_another_key(ana: User, source: str) -> None:
    rule = {"id": "email-domain", "category": "user.contact.email", "mask": "token"}
    govern(*SOURCES, masks=[rule, *(one for one in MASKS if one["id"] != "email-domain")])
    rows = run(ana, source, sought(source))
    assert [row["email"] for row in rows] == [token_of(ZOE, Purpose.ANALYTICS)]
    assert look_up_token(ZOE) not in str(rows)


@pytest.mark.parametrize("source", SOURCES)
def test_no_text_that_a_store_sees_holds_the_value(ana: User, source: str) -> None:
    one = sought(source)
    judged = gate.judge(user=ana, purpose=Purpose.ANALYTICS, source=source, text="Look-up", sought=one).decision
    assert isinstance(judged, Allowed)
    sent = f"{judged.text} {judged.pipeline}"
    assert one.token in sent
    assert leaks(f"{sent} {judged.notes} {judged.columns}") == []
    run(ana, source, one)
    if source == "oltp":
        text = "SELECT query FROM pg_stat_activity WHERE usename = current_user"
        with open_store("oltp", "gate").read(Sql(text)) as rows:
            seen = str([batch.to_pylist() for batch in rows])
        assert leaks(seen) == []


@pytest.mark.parametrize("source", SOURCES)
def test_a_row_filter_holds_for_what_is_looked_up(ana: User, source: str) -> None:
    column = {"documents": "status", "warehouse": "COUNTRY", "oltp": "country"}[source]
    name, keeps = WHERE[source][0], ["open"] if source == "documents" else ["GB"]
    rule = {"source": source, "dataset": name, "column": column, "roles": ["analyst"], "id": "mine"}
    govern(*SOURCES, masks=MASKS, row_filters=[{**rule, "values": keeps}])
    assert len(run(ana, source, sought(source))) == 1
    assert run(ana, source, sought(source, str(CUSTOMERS[1][1]))) == []
    govern(*SOURCES, masks=MASKS, row_filters=[{**rule, "values": ["nowhere"]}])
    assert run(ana, source, sought(source)) == []


@pytest.mark.parametrize("source", SOURCES)
def test_nobody_is_looked_up_in_what_is_read_in_groups(ana: User, source: str) -> None:
    """A row of one person is no group."""
    name, entity = WHERE[source]
    dataset_name = {"oltp": f"vault.{name}", "warehouse": f"VAULT.{name}", "documents": name}[source]
    size = {
        "id": "few",
        "source": source,
        "dataset": dataset_name,
        "entity": entity,
        "at_least": 2,
        "roles": ["analyst"],
    }
    body = {"version": 1, "policies": {"group_sizes": [size]}}
    write_governance(actor=HOUSE, rules=governance.read("groups.yaml", body), content=body)
    assert refused(ana, source, sought(source)) == "group_too_fine"


@pytest.mark.parametrize("source", SOURCES)
def test_who_is_refused(ana: User, source: str) -> None:
    mask = "status" if source == "documents" else "FULL_NAME" if source == "warehouse" else "full_name"
    assert refused(ana, source, sought(source, column=mask)) == "not_identifying"
    assert refused(ana, source, sought(source, column="nothing")) == "not_identifying"
    assert refused(ana, source, sought(source), Purpose.COMPLIANCE) == "forbidden"
    assert refused(person("mila", Role.ENGINEER), source, sought(source)) == "unknown_table"
    assert refused(person("otis"), source, sought(source)) == "forbidden"


def test_a_category_without_a_rule_is_not_looked_up_by(ana: User) -> None:
    govern(*SOURCES, masks=[rule for rule in MASKS if rule["id"] != "email-domain"])
    assert refused(ana, "oltp", sought("oltp")) == "not_identifying"


@pytest.mark.parametrize("source", SOURCES)
def test_a_store_without_our_key_is_said_so(ana: User, source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise it would seem that there is no such row."""
    one = sought(source)
    monkeypatch.setattr("apps.compliance.look_ups.told", lambda *_: None)
    with pytest.raises(gate.QueryRefused) as refusal:
        run(ana, source, one)
    assert f"manage.py install_tokens {source}" in refusal.value.refused.hint
    assert Event.objects.filter(action="queries.finished").latest("at").payload.count('"outcome":"refused"') == 1
    monkeypatch.undo()
    monkeypatch.setattr("django.conf.settings.TOKEN_KEY", "07" * 32)
    assert refused(ana, source, sought(source)) == "not_configured"


def test_nobody_can_type_the_condition(ana: User) -> None:
    token = look_up_token(ZOE)
    for text in (
        f"select * from customers where portico.token('look_up', email) = '{token}'",
        f"select id from customers where email = '{token}'",
    ):
        judged = gate.judge(user=ana, purpose=Purpose.ANALYTICS, source="oltp", text=text).decision
        assert "look_up" not in getattr(judged, "text", "")
    plain_text = gate.judge(user=ana, purpose=Purpose.ANALYTICS, source="oltp", text="select * from customers")
    assert "look_up" not in plain_text.decision.text  # type: ignore[union-attr]


def test_what_is_kept_holds_no_value(ana: User) -> None:
    row = look_up(ana)
    assert (row.status, text_of(row)) == ("queued", "Look-up in customers by email")
    found = LookUp.objects.get(execution=row)
    body = selectors.kept_of(found)
    assert (body.reason, body.token) == (REASON, look_up_token(ZOE))
    told = outcome_of(row).rewritten
    assert "the token of your value" in told
    assert body.token not in told
    with connection.cursor() as cursor:
        for table in ("queries_execution", "queries_lookup", "audit_event", "runs_run", "runs_step"):
            cursor.execute(f'SELECT to_jsonb(t)::text FROM "{table}" t')
            text = "\n".join(line for (line,) in cursor.fetchall())
            assert leaks(text) == []
            assert body.token not in text
            assert REASON not in text
    event = Event.objects.get(action="queries.looked_up")
    assert (event.actor_name, event.target_name) == (ana.get_username(), "oltp.customers")
    assert '"column":"email"' in event.payload


def test_an_hour_has_so_many_and_failures_count(ana: User, settings: Any) -> None:
    settings.LOOKUPS_PER_HOUR = 3
    assert look_up(ana, column="full_name").status == "refused"
    assert look_up(ana, value="nobody@example.org").status == "queued"
    look_up(ana)
    for value in (ZOE, "another@example.org"):
        with pytest.raises(TooMany) as full:
            look_up(ana, value=value)
        assert "3 look-ups of this hour" in str(full.value)
    assert Event.objects.filter(action="queries.look_up_limited").count() == 2
    LookUp.objects.update(at=LookUp.objects.earliest("at").at - services.WINDOW)
    look_up(ana)
    settings.LOOKUPS_PER_HOUR = 0
    with pytest.raises(TooMany):
        look_up(ana)


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted("email", "", REASON),
        Wanted("email", "a\0b", REASON),
        Wanted("email", "x" * 321, REASON),
        Wanted("email", ZOE, "short"),
        Wanted("email", ZOE, f"She wrote from {ZOE.upper()} today"),
    ],
)
def test_what_cannot_be_asked_costs_nothing(ana: User, wanted: Wanted) -> None:
    with pytest.raises(Invalid) as problem:
        look_up(ana, value=wanted.value, reason=wanted.reason)
    assert leaks(str(problem.value)) == []
    assert not LookUp.objects.exists()
    assert leaks(repr(wanted)) == []


def test_a_token_is_forgotten_when_it_is_not_needed(ana: User) -> None:
    row = look_up(ana)
    assert selectors.sought_of(row) == sought("oltp")
    services.forget_token(execution=row)
    assert selectors.kept_of(LookUp.objects.get()).token == ""
    assert selectors.kept_of(LookUp.objects.get()).reason == REASON
    ended = look_up(ana, column="full_name")
    assert selectors.kept_of(LookUp.objects.get(execution=ended)).token == ""
    lost = look_up(ana)
    LookUp.objects.filter(execution=lost).update(at=LookUp.objects.earliest("at").at - services.WINDOW, execution=None)
    assert services.forget_tokens() == 1
    assert {selectors.kept_of(one).token for one in LookUp.objects.filter(execution=None)} == {""}


class Cut:
    """Stands for the matcher of a person who is called by a word."""

    def found(self, text: str) -> bool:
        return "Almond" in text

    def cut_all(self, body: Any) -> Any:
        return json.loads(json.dumps(body).replace("Almond", "[erased]"))


def test_an_erasure_reaches_reasons(ana: User) -> None:
    look_up(ana, reason="Ann Almond asks for her refund")
    matcher: Any = Cut()
    assert kept.find(matcher) == 1
    assert kept.erase(matcher, check=lambda: None) == 1
    assert selectors.kept_of(LookUp.objects.get()).reason == "Ann [erased] asks for her refund"
    assert kept.find(matcher) == 0


# Pages


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def client(ana: User) -> Client:
    return signed_in(ana)


def form(source: str = "oltp", **changed: str) -> dict[str, str]:
    return {"place": f"{dataset(source).pk}:{WHERE[source][1]}", "value": ZOE, "reason": REASON, **changed}


def test_the_page_offers_what_may_be_looked_up(client: Client) -> None:
    page = client.get(reverse("queries:look-up")).content.decode()
    for source in SOURCES:
        assert f'value="{form(source)["place"]}"' in page
    assert ":full_name" not in page
    assert "events[].phone" not in page
    here = client.get(reverse("queries:look-up"), {"dataset": dataset("oltp").pk}).content.decode()
    assert form("documents")["place"] not in here
    assert reverse("queries:look-up") in client.get(reverse("queries:console")).content.decode()
    tab = client.get(reverse("queries:of-dataset", args=[dataset("oltp").pk])).content.decode()
    assert f"{reverse('queries:look-up')}?dataset=" in tab
    charges = Dataset.objects.get(source__name="oltp", name="charges")
    assert (
        reverse("queries:look-up") not in client.get(reverse("queries:of-dataset", args=[charges.pk])).content.decode()
    )


def test_a_look_up_becomes_an_execution_with_a_page(client: Client, ana: User) -> None:
    answer = client.post(reverse("queries:look-up"), form())
    row = Execution.objects.get(owner=ana)
    assert answer["Location"] == f"{reverse('queries:look-up')}?execution={row.pk}"
    assert client.get(row.get_absolute_url())["Location"] == answer["Location"]
    page = client.get(answer["Location"]).content.decode()
    assert "Look-up in customers by email" in page
    assert leaks(page) == []
    assert "Look-up in customers by email" in client.get(reverse("queries:console")).content.decode()
    Execution.objects.filter(pk=row.pk).update(status="done", row_count=0, has_result=True)
    assert "There is no such row, or none that you may see" in client.get(answer["Location"]).content.decode()
    assert signed_in(person("colin", Role.ANALYST)).get(answer["Location"]).status_code == 404


def test_pages_refuse(client: Client, ana: User, settings: Any) -> None:
    url = reverse("queries:look-up")
    again = client.post(url, form(reason="short"))
    assert again.status_code == 400
    assert leaks(again.content.decode()) == []
    assert client.post(url, form(place="x")).status_code == 404
    assert client.post(url, form(place="999999:email")).status_code == 404
    assert signed_in(person("mila", Role.ENGINEER)).post(url, form()).status_code == 404
    for name in ("otis", "ada"):
        other = person(name, *([Role.ADMINISTRATOR] if name == "ada" else []))
        assert signed_in(other).get(url).status_code == 403
        assert signed_in(other).post(url, form()).status_code == 403
    refusal = client.post(url, form(place=f"{dataset('oltp').pk}:full_name"))
    assert "is not a column to look up by" in client.get(refusal["Location"]).content.decode()
    settings.LOOKUPS_PER_HOUR = 1
    full = client.post(url, form())
    assert full.status_code == 429
    assert leaks(full.content.decode()) == []


def test_reasons_are_for_those_who_check(client: Client) -> None:
    client.post(reverse("queries:look-up"), form())
    url = reverse("queries:look-ups")
    for name, role in (("olga", Role.OFFICER), ("aude", Role.AUDITOR)):
        page = signed_in(person(name, role)).get(url)
        assert REASON in page.content.decode()
    assert client.get(url).status_code == 403
    assert not selectors.look_ups_for(person("ada", Role.ADMINISTRATOR)).exists()
