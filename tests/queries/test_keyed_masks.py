"""Tokens, noise, ranges and dates as a person meets them: through the gate, on all three stores."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from apps.compliance import gate
from apps.compliance.policy.masks.python import mask_value
from apps.compliance.policy.types import MaskKind, MaskOptions
from apps.compliance.tokens.values import key_of, token_of
from apps.queries.services import rewritten_of
from portal.accounts.models import User
from portal.accounts.types import Purpose
from tests.vault import CUSTOMERS, MASKS, OPERATIONS, asked, govern, leaks

SOURCES = ("oltp", "warehouse", "documents")
SQL = ("oltp", "warehouse")
OTHERS = {
    "email-token": {"category": "user.contact.email", "mask": "token"},
    "phone-token": {"category": "user.contact.phone_number", "mask": "token", "purposes": ["compliance"]},
    "birth-quarter": {"category": "user.demographic.date_of_birth", "mask": "date", "unit": "quarter"},
    "name-initials": {"category": "user.name", "mask": "initials"},
    "card-bin": {"category": "user.financial.credit_card", "mask": "partial_card", "bin": True},
    "devices-token": {"category": "user.device", "mask": "token"},
    "content": {"category": "user.content", "mask": "token"},
    "counted": {"category": OPERATIONS, "mask": "clear"},
}
RULES = [{"id": name, **rule} for name, rule in OTHERS.items()]


def token(value: str | None) -> str | None:
    return None if value is None else token_of(value, Purpose.ANALYTICS)


TOKENS = [token(email) for _id, email, *_rest in CUSTOMERS]


@pytest.fixture
def ana(ana: User) -> Iterator[User]:
    govern(*SOURCES, masks=RULES)
    return ana


@pytest.mark.parametrize("source", SQL)
def test_a_token_stands_for_each_value(ana: User, source: str) -> None:
    told = asked(ana, source, "select email, count(*) from customers group by email order by min(id)")
    assert told.rows == [[found, 1] for found in TOKENS]
    assert told.columns[0].mask == "token"
    assert "a token stands for each value" in told.columns[0].reason
    assert len({row[0] for row in told.rows}) == 4


@pytest.mark.parametrize("source", SQL)
@pytest.mark.parametrize(
    ("text", "rows"),
    [
        (f"select id from customers where email = '{TOKENS[1]}'", [[2]]),
        (f"select id from customers where email in ('{TOKENS[0]}', 'x')", [[1]]),
        ("select count(*) from customers a join customers b on a.email = b.email", [[3]]),
        ("select count(distinct email) from customers", [[3]]),
        ("select id from customers where email = 'zoë.kanarie@example.org'", []),
        ("select count(*) from customers where email like 'tok!_%' escape '!'", [[3]]),
        ("select phone from customers order by id", [[None], [None], [None], [None]]),
        ("select birth_date from customers order by id", [["1984-04-01"], ["1991-01-01"], [None], ["2001-10-01"]]),
        ("select full_name from customers order by id", [["Z. K."], ["李. K."], [None], ["."]]),
        ("select card from charges order by id", [["424242****4242"]] * 2 + [[None], ["424242****4242"], ["****"]]),
    ],
)
def test_what_can_be_asked_of_masked_columns(ana: User, source: str, text: str, rows: list[Any]) -> None:
    assert asked(ana, source, text).rows == rows


def test_documents_and_tables_join_on_the_same_token(ana: User) -> None:
    told = asked(ana, "documents", {"collection": "sessions", "projection": {"email": 1}, "sort": {"_id": 1}})
    assert [row[-1] for row in told.rows] == [TOKENS[0], TOKENS[1], None]
    lookup = {"$lookup": {"from": "feedback", "localField": "email", "foreignField": "email", "as": "f"}}
    shown = {"$project": {"_id": 1, "n": {"$size": "$f"}}}
    counted = asked(
        ana, "documents", {"collection": "sessions", "pipeline": [{"$match": {"email": {"$ne": None}}}, lookup, shown]}
    )
    assert sorted(counted.rows) == [["s1", 1], ["s2", 1]]
    by = [{"$group": {"_id": "$email", "n": {"$sum": 1}}}, {"$sort": {"n": -1, "_id": 1}}]
    grouped = asked(ana, "documents", {"collection": "feedback", "pipeline": by}).rows
    assert grouped == sorted([[None, 1], [TOKENS[0], 1], [TOKENS[1], 1]], key=lambda row: row[0] or "")
    assert asked(
        ana, "documents", {"collection": "sessions", "filter": {"email": TOKENS[1]}, "projection": {"status": 1}}
    ).rows == [["s2", "closed"]]


def test_no_key_comes_through_and_people_read_token(ana: User) -> None:
    for stage in ({"$match": {}}, {"$addFields": {"x": "$$ROOT"}}, {"$project": {"x": {"$objectToArray": "$$ROOT"}}}):
        told = asked(ana, "documents", {"collection": "sessions", "pipeline": [stage]})
        assert "portico" not in str(told.rows)
        assert "inner" not in str(told.rows)
    for path in ("portico_token_analytics", "portico_token_analytics.value.inner"):
        hidden = {"collection": "sessions", "pipeline": [{"$project": {"x": f"${path}"}}]}
        assert {tuple(row) for row in asked(ana, "documents", hidden).rows} == {
            ("s1", None),
            ("s2", None),
            ("s3", None),
        }
    judged = gate.judge(
        user=ana, purpose=Purpose.ANALYTICS, source="documents", text=json.dumps({"collection": "sessions"})
    )
    text = rewritten_of("documents", judged.decision)  # type: ignore[arg-type]
    assert '"$token": "$$ROOT.email"' in text
    assert "function (" not in text
    sql = gate.judge(user=ana, purpose=Purpose.ANALYTICS, source="oltp", text="select email from customers")
    assert "portico.token('analytics'," in rewritten_of("oltp", sql.decision)  # type: ignore[arg-type]


@pytest.mark.parametrize("source", SQL)
def test_errors_on_tokens_tell_no_value(ana: User, source: str) -> None:
    with pytest.raises(gate.QueryFailed) as failure:
        asked(ana, source, "select cast(email as int) from customers")
    assert leaks(failure.value.message) == []
    assert "tok_" not in failure.value.message


@pytest.mark.parametrize("source", SQL)
def test_noise_is_the_same_whenever_it_is_asked_and_tokens_differ_by_purpose(ana: User, source: str) -> None:
    govern(*SOURCES, masks=[{"id": "noisy", "category": OPERATIONS, "mask": "noise", "width": 500}, *MASKS[1:]])
    first = asked(ana, source, "select amount from charges").rows
    again = asked(ana, source, "select amount from charges").rows
    wanted = [
        mask_value(MaskKind.NOISE, amount, MaskOptions(width=500), key_of) for amount in (1500, 700, 99000, 250, 0)
    ]
    assert sorted(first) == sorted(again) == sorted([amount] for amount in wanted)
    assert all(abs(noisy - amount) <= 500 for noisy, amount in zip(wanted, (1500, 700, 99000, 250, 0), strict=True))
    assert token_of("a", Purpose.ANALYTICS) != token_of("a", Purpose.COMPLIANCE)


@pytest.mark.parametrize("source", SQL)
def test_ranges(ana: User, source: str) -> None:
    govern(*SOURCES, masks=[{"id": "ranges", "category": OPERATIONS, "mask": "bucket", "width": 1000}])
    told = asked(ana, source, "select amount, count(*) from charges group by amount order by amount")
    assert told.rows == [[0, 3], [1000, 1], [99000, 1]]
    assert "the range of 1,000" in told.columns[0].reason
