"""Typed fields for `:name`: what they become, what is refused, and that a value changes nothing but a value."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.compliance import gate
from apps.compliance.policy.types import Allowed
from apps.queries import selectors
from apps.queries.models import Execution
from apps.queries.parameters import Typed, Unfit, filled, names_of
from portal.accounts.models import User
from portal.accounts.types import Purpose
from tests.vault import asked

SOURCES = ("oltp", "documents")
TEXT = "select id from customers where country = :country and id <= :most order by id"
DOCUMENTS = '{"collection": "sessions", "pipeline": [{"$match": {"status": ":status"}}, {"$project": {"_id": 1}}]}'


def given(**typed: tuple[str, str]) -> dict[str, Typed]:
    return {name: Typed(name, kind, value) for name, (kind, value) in typed.items()}


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_values_reach_the_store_as_their_types(ana: User) -> None:
    text = filled("oltp", TEXT, given(country=("text", "GB"), most=("integer", "2")))
    assert asked(ana, "oltp", text).rows == [[1]]
    day = filled(
        "oltp", "select id from charges where created_at < :day order by id", given(day=("date", "2025-01-01"))
    )
    assert asked(ana, "oltp", day).rows == [[14]]
    status = filled("documents", DOCUMENTS, given(status=("text", "open")))
    assert ["s1"] in asked(ana, "documents", status).rows


@pytest.mark.parametrize(
    "value", ["' or '1'='1", "GB' union select email from customers --", "\\' or true --", "$$", "'; drop table x"]
)
def test_a_value_never_becomes_text_of_the_query(ana: User, value: str) -> None:
    text = filled("oltp", TEXT, given(country=("text", value), most=("integer", "9")))
    judgement = gate.judge(user=ana, purpose=Purpose.ANALYTICS, source="oltp", text=text)
    assert isinstance(judgement.decision, Allowed)
    assert len(judgement.decision.columns) == 1
    assert asked(ana, "oltp", text).rows == []


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        ("integer", "", "Give a value"),
        ("integer", "1 or 1=1", "whole number"),
        ("integer", "1" * 19, "whole number"),
        ("decimal", "1e9", "decimal number"),
        ("date", "31.01.2026", "a day"),
        ("timestamp", "noon", "a moment"),
        ("boolean", "yes", "true or false"),
        ("colour", "red", "known type"),
        ("text", "a\0b", "that a store can hold"),
        ("text", "x" * 2001, "2,000 characters"),
    ],
)
def test_what_does_not_fit_names_its_parameter(kind: str, value: str, words: str) -> None:
    with pytest.raises(Unfit, match=words) as unfit:
        filled("oltp", "select :p", given(p=(kind, value)))
    assert unfit.value.name == "p"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (DOCUMENTS, ("status",)),
        ('{"a": ":x", ":y": 1, "b": ["x:z", ":w", ": v"]}', ("x", "w")),
        ('{"a": "\\":x"}', ()),
        ("{not json", ()),
        ("[" * 100_000, ()),
    ],
)
def test_parameters_of_documents_are_whole_values(text: str, names: tuple[str, ...]) -> None:
    assert names_of("documents", text) == names


def test_a_text_for_documents_is_no_path() -> None:
    with pytest.raises(Unfit, match="read as a path"):
        filled("documents", '{"pipeline": [{"$project": {"x": ":p"}}]}', given(p=("text", "$email")))


def test_the_console_asks_for_what_is_missing_and_keeps_what_was_typed(ana: User) -> None:
    client = signed_in(ana)
    body: dict[str, Any] = {"source": "oltp", "text": TEXT, "parameter.country": "GB", "kind.country": "text"}
    page = client.post(reverse("queries:console"), body)
    assert page.status_code == 400
    assert "Give a value for “:most”" in page.content.decode()
    assert 'value="GB"' in page.content.decode()
    assert not Execution.objects.exists()
    client.post(reverse("queries:console"), {**body, "parameter.most": "2", "kind.most": "integer"})
    row = Execution.objects.get()
    assert selectors.text_of(row) == TEXT
    assert selectors.asked_of(row).endswith("country = 'GB' and id <= (2) order by id")
    assert 'value="GB"' in client.get(row.get_absolute_url()).content.decode()
    assert b"GB" not in bytes(row.parameters or b"")


def test_what_would_be_masked_is_said_before_there_are_values(ana: User) -> None:
    body = {"source": "oltp", "text": "select id, email from customers where id = :key", "kind.key": "integer"}
    told = signed_in(ana).post(reverse("queries:explain"), body).content.decode()
    assert "1 of 2 columns will be masked" in told
    assert "Still without a value" in told
    assert 'name="parameter.key"' in told


def test_over_the_api(ana: User) -> None:
    client, url = signed_in(ana), reverse("queries-api:executions")

    def post(parameters: Any) -> Any:
        return client.post(url, {"source": "oltp", "text": TEXT, "parameters": parameters}, "application/json")

    assert post({"country": "GB"}).json()["field"] == "parameters.most"
    assert post({"country": "GB", "most": [1]}).status_code == 400
    assert post("x").status_code == 400
    assert post({"country": "GB", "most": {"type": "date", "value": "x"}}).json()["field"] == "parameters.most"
    assert not Execution.objects.exists()
