"""Hostile sizes and values: each is decided or refused at once, and none of them fails."""

import json
import logging
import time

import pytest

from apps.compliance.policy import decide as engine
from apps.compliance.policy.decide import decide
from apps.compliance.policy.types import Allowed, Refused
from tests.policy.shop import ANA, DOCUMENTS, LIMITS, OLTP, RULES, WAREHOUSE

DIGITS = "9" * 5000
QUICK = 4.0  # seconds of CPU: without its bound each of these takes many times as long, on any machine
CHAIN = "select 1 as c0, " + ", ".join(f"c{n - 1}+c{n - 1} as c{n}" for n in range(1, 17))


def many(template: str, times: int, glue: str) -> str:
    return glue.join(template.replace("#", str(n)) for n in range(times))


# Each names the one before it twice: a store that puts them into one another writes the first 2^40 times.
STEPS = "s0 as (select x || x as x from a), " + ", ".join(
    f"s{n} as (select x || x as x from s{n - 1})" for n in range(1, 40)
)
LONGER = STEPS.replace("x || x", "replace(x, 'a', 'aaaaaaaaaa')")
LARGE = {
    "aliases of aliases": CHAIN,
    "aliases of aliases in WHERE": CHAIN.replace("select 1", "select id") + " from charges where c16 > 1",
    "six times an alias": "select 1 as c0, " + ", ".join(f"{'+'.join([f'c{n}'] * 6)} as c{n + 1}" for n in range(8)),
    "groups by position": f"select {'+'.join(['amount'] * 300)} as x from charges group by {many('1', 3000, ',')}",
    "stars": f"select {many('c.*', 4000, ',')} from charges c",
    "stars of stars": "with a0 as (select * from charges), "
    + ", ".join(f"a{n} as (select x.*, x.* from a{n - 1} x)" for n in range(1, 16))
    + " select * from a15",
    "CTEs": f"with {many('c# as (select * from charges)', 1500, ',')} select 1",
    "CTEs without a table": f"with {many('c# as (select 1 as a)', 1500, ',')} select 1",
    "unions": many("select * from charges", 400, " union all "),
    "tables": f"select 1 from charges x {many('join charges a# using (id)', 300, ' ')}",
    "USING": f"select {many('id', 2000, ',')} from charges x {many('join charges a# using (id)', 90, ' ')}",
    "columns": f"select {many('1', 9000, ',')}",
    "steps in one another": f"with a as (select email as x from customers), {STEPS} select x from s39",
    "steps in subqueries": "select x from "
    + "(select x || x as x from " * 30
    + "(select email as x from customers) t"
    + ") t" * 30,
    "a condition on steps": f"with a as (select email as x from customers), {STEPS} select 1 from s39 where x = ''",
    "texts that grow": f"with a as (select email as x from customers), {LONGER} select x from s39",
}
NEAR = {
    "stars": f"select {many('c.*', 300, ',')} from charges c",
    "tables": many("select * from customers", 30, " union all "),
    "columns": f"select {many('1 as a#', 1500, ',')}",
    "CTEs": f"with {many('c# as (select id from charges)', 90, ',')} select * from c1",
    "steps in one another": f"with a as (select email as x from customers), {STEPS[: STEPS.index(', s10 ')]} select x from s9",
    "an alias of an alias": "select amount as a, a + 1 as b, b * 2 as c from charges",
}


@pytest.mark.parametrize("schema", [OLTP, WAREHOUSE], ids=lambda schema: schema.source)
@pytest.mark.parametrize("name", LARGE)
def test_a_statement_that_would_grow_without_bound_is_refused_at_once(name: str, schema: object) -> None:
    began = time.process_time()
    decision = decide(LARGE[name], ANA, schema, RULES, LIMITS)
    took = time.process_time() - began
    assert isinstance(decision, Refused)
    assert (decision.code, bool(decision.hint)) == ("too_complex", True)
    assert took < QUICK


@pytest.mark.parametrize("schema", [OLTP, WAREHOUSE], ids=lambda schema: schema.source)
@pytest.mark.parametrize("name", NEAR)
def test_a_statement_below_the_bounds_is_decided(name: str, schema: object) -> None:
    began = time.process_time()
    assert isinstance(decide(NEAR[name], ANA, schema, RULES, LIMITS), Allowed)
    assert time.process_time() - began < 2 * QUICK


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('{"collection": "sessions", "limit": 1e999}', "not_supported"),
        ('{"collection": "sessions", "skip": 1e999}', "not_supported"),
        ('{"collection": "sessions", "pipeline": [{"$limit": -1e999}]}', "not_supported"),
        ('{"collection": "sessions", "limit": 1e30}', "not_understood"),
        ('{"collection": "sessions", "limit": 9223372036854775808}', "not_supported"),
        (f'{{"collection": "sessions", "filter": {{"minutes": {DIGITS}}}}}', "not_supported"),
        (f'{{"collection": "sessions", "filter": {{"minutes": {{"$numberLong": "{DIGITS}"}}}}}}', "not_supported"),
        ('{"collection": "sessions", "filter": {"a": {"$date": "0001-01-01T00:00:00+23:59"}}}', "not_understood"),
        ('{"collection": "\\ud800"}', "bad_character"),
        ('{"collection": "sessions", "projection": {"\\udfff": 1}}', "bad_character"),
        ('{"collection": "sessions", "filter": {"status": ["\\ud800"]}}', "bad_character"),
        ('{"collection": "sessions", "filter": {"status": "\ud800"}}', "bad_character"),
        (json.dumps({"collection": "sessions", "filter": {f"k{n}": 1 for n in range(7001)}}), "too_complex"),
        (json.dumps({"collection": "sessions", "projection": {f"k{n}": 1 for n in range(7000)}}), "too_complex"),
        (
            json.dumps(
                {
                    "collection": "sessions",
                    "pipeline": [{"$lookup": {"from": "sessions", "pipeline": [], "as": "x"}}] * 50,
                }
            ),
            "too_complex",
        ),
    ],
    ids=range(15),
)
def test_hostile_documents(text: str, code: str) -> None:
    began = time.process_time()
    decision = decide(text, ANA, DOCUMENTS, RULES, LIMITS)
    assert time.process_time() - began < QUICK
    assert isinstance(decision, Refused)
    assert decision.code == code


def test_many_keys_below_the_bound_are_decided_at_once() -> None:
    stage = {"$addFields": {f"k{n}": "$$ROOT" for n in range(1900)}}
    began = time.process_time()
    assert isinstance(
        decide(json.dumps({"collection": "sessions", "pipeline": [stage]}), ANA, DOCUMENTS, RULES, LIMITS), Allowed
    )
    assert time.process_time() - began < QUICK


def test_a_fault_of_the_engine_refuses_and_repeats_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_given: object) -> None:
        raise KeyError("geheim")

    monkeypatch.setattr(engine, "decide_sql", broken)
    with caplog.at_level(logging.ERROR):
        decision = decide("select 'geheim'", ANA, OLTP, RULES, LIMITS)
    assert isinstance(decision, Refused)
    assert decision.code == "not_understood"
    assert "KeyError in broken" in caplog.text
    assert "geheim" not in caplog.text + str(decision)


@pytest.mark.parametrize(
    ("typed", "runs"),
    [
        ({"$toInt": "$email"}, {"$convert": {"input": "$email", "to": "int", "onError": None}}),
        ({"$toDate": ["$email"]}, {"$convert": {"input": "$email", "to": "date", "onError": None}}),
        (
            {"$add": [1, {"$toDouble": {"$trim": {"input": "$email"}}}]},
            {"$add": [1, {"$convert": {"input": {"$trim": {"input": "$email"}}, "to": "double", "onError": None}}]},
        ),
        (
            {"$convert": {"input": "$email", "to": "int"}},
            {"$convert": {"onError": None, "input": "$email", "to": "int"}},
        ),
        (
            {"$convert": {"input": "$email", "to": "int", "onError": 0}},
            {"$convert": {"onError": 0, "input": "$email", "to": "int"}},
        ),
        ({"$dateFromString": {"dateString": "$email"}}, {"$dateFromString": {"onError": None, "dateString": "$email"}}),
        ({"$literal": {"$toInt": "x"}}, {"$literal": {"$toInt": "x"}}),
    ],
    ids=range(7),
)
def test_no_conversion_can_fail(typed: dict[str, object], runs: dict[str, object]) -> None:
    for stage, place in (({"$project": {"x": typed}}, "$project"), ({"$addFields": {"x": typed}}, "$addFields")):
        decision = decide(json.dumps({"collection": "sessions", "pipeline": [stage]}), ANA, DOCUMENTS, RULES, LIMITS)
        assert isinstance(decision, Allowed)
        assert decision.pipeline[1] == {place: {"x": runs}}


def test_no_conversion_can_fail_in_a_condition_or_another_collection() -> None:
    inner = [{"$match": {"$expr": {"$gt": [{"$toInt": "$email"}, 1]}}}]
    lookup = {"$lookup": {"from": "feedback", "pipeline": inner, "as": "f"}}
    decision = decide(json.dumps({"collection": "sessions", "pipeline": [lookup]}), ANA, DOCUMENTS, RULES, LIMITS)
    assert isinstance(decision, Allowed)
    assert "$toInt" not in str(decision.pipeline)
    assert "'onError': None" in str(decision.pipeline)
