"""A text in lines means what it meant: comments, parameters and what cannot be read stay."""

import json

import pytest
from django.test import Client
from django.urls import reverse

from apps.compliance.policy.mongo.reads import OPEN_STAGES
from apps.queries.console import TEMPLATES, completions
from apps.queries.formatting import formatted
from portal.accounts.models import User


@pytest.mark.parametrize(
    ("source", "text", "lines"),
    [
        ("oltp", "select a from t where b = :b limit :n", "SELECT\n  a\nFROM t\nWHERE\n  b = :b\nLIMIT :n"),
        ("warehouse", "select x:y::int as n from t", "SELECT\n  CAST(GET_PATH(x, 'y') AS INT) AS n\nFROM t"),
        ("oltp", "select a /* why */ from t", "SELECT\n  a /* why */\nFROM t"),
        ("oltp", "select from where", "select from where"),
        ("oltp", "select 'portico parameter x', :x", "select 'portico parameter x', :x"),
        ("documents", '{"a": ":p", "b": [1]}', '{\n  "a": ":p",\n  "b": [\n    1\n  ]\n}'),
        ("documents", '{"a": 1, "a": 2}', '{"a": 1, "a": 2}'),
        ("documents", "{", "{"),
        ("documents", "[" * 5000, "[" * 5000),
        ("nowhere", "select 1", "SELECT\n  1"),
    ],
)
def test_lines(source: str, text: str, lines: str) -> None:
    assert formatted(source, text) == lines
    assert formatted(source, lines) == lines


def test_a_text_that_only_looks_like_a_parameter_stays() -> None:
    assert formatted("oltp", "select ':a', :a") == "SELECT\n  ':a',\n  :a"


def test_the_page_of_it(analyst: User, outsider: User) -> None:
    client = Client()
    client.force_login(analyst)
    answer = client.post(reverse("queries:format"), {"source": "oltp", "text": "select 1"})
    assert answer.json() == {"text": "SELECT\n  1"}
    client.force_login(outsider)
    assert client.post(reverse("queries:format"), {"source": "oltp", "text": "select 1"}).status_code == 403


def test_templates_of_stages_are_stages_and_json(analyst: User) -> None:
    assert set(TEMPLATES) <= OPEN_STAGES | {"$count"}
    for name, text in TEMPLATES.items():
        assert list(json.loads(f"{{{text}}}")) == [name]
    found = completions(user=analyst, source="documents", prefix="$SO")
    assert [one["label"] for one in found] == ["$sort", "$sortByCount"]
    assert completions(user=analyst, source="oltp", prefix="$so") == []
