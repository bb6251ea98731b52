"""Columns of the type `json` keep what was typed: all of it is searched, and no such row stops a search."""

from collections.abc import Iterator

import pytest

from apps.compliance.subjects.match import Matcher
from apps.compliance.subjects.reach import Target, reach
from apps.compliance.subjects.types import Dataset
from portal.stores import open_store
from portal.stores.names import Names
from portal.stores.types import Sql
from tests.compliance.subjects import asks

ANN, PHONE = "ann.a@x.example", "+1 201 555 0142"
PATH = ("payments", "typed", "notes")
TYPED = {
    1: f'{{"email":"{ANN}",  "email":"none"}}',
    2: r'{"a":"bin\u0000ary"}',
    3: '{"a":1e999999}',
    4: r'{"a":"\ud83d"}',
    5: '{"phone": 12015550142, "b": [1]}',
    6: f'["to {ANN}"]',
    7: r'{"email":"ann.a\u0040x.example"}',
}


@pytest.fixture
def notes(django_db_setup: None) -> Iterator[None]:
    owner = open_store("oltp", "owner")
    owner.execute(
        Sql("create schema typed"), Sql("grant usage on schema typed to public"),
        Sql("create table typed.notes (n int primary key, j json, t text)"),
        Sql("grant select, update on typed.notes to public"),
        *(Sql("insert into typed.notes values (%s, %s::json, 'x')", (n, text)) for n, text in TYPED.items()),
    )  # fmt: skip
    yield
    owner.execute(Sql("drop schema typed cascade"))


def texts() -> dict[int, str]:
    with open_store("oltp", "owner").read(Sql("select n, j::text as j from typed.notes")) as found:
        return {row["n"]: row["j"] for batch in found for row in batch.to_pylist()}


def test_it_is_searched_and_cut_as_it_was_typed(notes: None) -> None:
    where, matcher = reach("oltp"), Matcher({"email": [ANN], "phone": [PHONE]})
    hits = [document for document in where.scan(PATH, matcher, check=asks.go_on) if matcher.found(str(document["j"]))]
    assert [document["n"] for document in hits] == [1, 5, 6, 7]
    target = Target(Dataset("oltp", PATH), (), {})
    for document in hits:
        assert where.cut(target, document, matcher, names=Names(), spared=frozenset()) == 1
    assert not [each for each in where.scan(PATH, matcher, check=asks.go_on) if matcher.found(str(each["j"]))]
    assert texts() == TYPED | {
        1: '{"email":"[erased]",  "email":"none"}',
        5: '{"phone": null, "b": [1]}',
        6: '["to [erased]"]',
        7: '{"email":"[erased]"}',
    }
