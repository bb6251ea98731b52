"""Datasets in groups: what runs in place of a query that aggregates, and what is refused because it would show less than
a group.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from apps.catalog.types import SourceSchema
from apps.compliance.policy.decide import decide
from apps.compliance.policy.sql import groups
from apps.compliance.policy.types import Allowed, GroupSize, PolicySet, Reader, Refused
from tests.policy.shop import ANA, DOCUMENTS, LIMITS, OLTP, RULES, WAREHOUSE
from tests.policy.test_pairs import folded

ANALYSTS = frozenset({"analyst"})
FEW = [
    GroupSize("few", ("oltp", "public", "customers"), "id", 10, ANALYSTS),
    GroupSize("few-there", ("warehouse", "CORE", "CUSTOMERS"), "ID", 10, ANALYSTS),
    GroupSize("few-visits", ("documents", "sessions"), "email", 10, ANALYSTS),
]
RULES_OF_GROUPS = replace(RULES, group_sizes=tuple(FEW))
SCHEMAS = {"postgres": OLTP, "snowflake": WAREHOUSE}
PAIRS = Path(__file__).parent / "pairs"


def decided(text: Any, schema: SourceSchema, policies: PolicySet = RULES_OF_GROUPS, reader: Reader = ANA) -> Any:
    return decide(text if isinstance(text, str) else json.dumps(text), reader, schema, policies, LIMITS)


def code(text: Any, schema: SourceSchema, **more: Any) -> str:
    decision = decided(text, schema, **more)
    return decision.code if isinstance(decision, Refused) else "allowed"


def blocks() -> list[tuple[str, str]]:
    return [
        (name, block)
        for name in SCHEMAS
        for block in (PAIRS / f"groups_{name}.txt").read_text(encoding="utf-8").strip().split("\n\n")
    ]


@pytest.mark.parametrize(("dialect", "block"), blocks())
def test_pair(dialect: str, block: str) -> None:
    typed, runs, columns = (part.strip() for part in block.split("\n=>"))
    decision = decided(typed, SCHEMAS[dialect])
    assert isinstance(decision, Allowed), decision
    assert folded(decision.text) == folded(runs)
    assert ", ".join(f"{column.name} {column.masked}" for column in decision.columns) == columns
    rule = {"postgres": FEW[0], "snowflake": FEW[1]}[dialect]
    assert decision.notes == (f"Groups of fewer than 10 {rule.entity} are left out by the rule “{rule.id}”.",)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("select id from customers", "group_too_fine"),
        ("select * from customers", "group_too_fine"),
        ("select 1 from customers", "group_too_fine"),
        ("select 1 from customers having true", "group_too_fine"),
        ("select distinct country from customers", "group_too_fine"),
        ("select country, full_name, count(*) from customers group by country", "group_too_fine"),
        ("select max(id) from customers", "group_too_fine"),
        ("select country, min(score) from customers group by country", "group_too_fine"),
        ("select array_agg(id) from customers", "group_too_fine"),
        ("select string_agg(country, ',') from customers", "group_too_fine"),
        ("select jsonb_build_object('x', id), count(*) from customers", "group_too_fine"),
        ("select percentile_cont(0.5) within group (order by id) from customers", "group_too_fine"),
        ("select mode() within group (order by id) from customers", "group_too_fine"),
        ("select bit_and(id) from customers", "group_too_fine"),
        ("select count(*) over () from customers", "group_too_fine"),
        ("select count(*), rank() over (order by count(*)) from customers group by country", "group_too_fine"),
        ("select count(*) from customers group by country order by max(id)", "group_too_fine"),
        ("select count(*) from customers group by country having max(id) > 5", "group_too_fine"),
        ("select distinct on (max(id)) count(*) from customers group by country", "group_too_fine"),
        ("select count(*) from customers group by rollup (country)", "group_too_fine"),
        ("select count(*) from customers group by cube (country)", "group_too_fine"),
        ("select count(*) from customers group by grouping sets ((country), ())", "group_too_fine"),
        ("select max(h.amount) from charges h join customers c on c.id = h.customer_id", "group_too_fine"),
        ("select h.amount from charges h left join customers c on c.id = h.customer_id", "group_too_fine"),
        ("select id from charges where exists (select 1 from customers)", "group_too_fine"),
        ("select id from charges where customer_id in (select id from customers)", "group_too_fine"),
        (
            "select id from charges h where exists (select count(*) from customers c where c.id = h.customer_id)",
            "group_too_fine",
        ),
        ("select count(*) from customers c where exists (select 1 from charges h where h.id = c.id)", "group_too_fine"),
        ("select (select max(c.score) from charges) from customers c group by country", "group_too_fine"),
        ("select count(*) from customers c, lateral (select c.id) l", "group_too_fine"),
        ("select count(*) from customers c, generate_series(1, 3) s", "group_too_fine"),
        ("select count(*) from (customers)", "group_too_fine"),
        ("select count(*) from (select * from customers) c", "group_too_fine"),
        ("select count(*) from customers tablesample bernoulli (50)", "group_too_fine"),
        ("select id from charges union select id from customers", "group_too_fine"),
        ("select sum(1 / id) from customers", "group_too_fine"),
        ("select sum(id * 2) from customers", "group_too_fine"),
        ("select sum(id + 9223372036854775807) from customers", "group_too_fine"),
        ("select sum(id / 0) from customers", "group_too_fine"),
        ("select sum(cast(country as int)) from customers", "group_too_fine"),
        ("select count(*) from customers where cast(country as int) = 1", "group_too_fine"),
        ("select count(*) from customers where country ~ '('", "group_too_fine"),
        ("select count(*) from customers where country like '\\'", "group_too_fine"),
        ("select count(*) from customers where country like note", "group_too_fine"),
        ("select count(*) from customers where substring(country, id, -1) = ''", "group_too_fine"),
        ("select count(*) from customers group by 1 / id", "group_too_fine"),
        ("select count(*) from customers where (select 1 / min(amount) from charges) = 1", "group_too_fine"),
        (
            "select count(x.z) from customers c join (select 1 / amount as z, id from charges) x on x.id = c.id",
            "group_too_fine",
        ),
        (
            "with x as (select 1 / amount as z, id from charges) select count(x.z) from customers c join x on x.id = c.id",
            "group_too_fine",
        ),
        (
            "with y as (select 1 / amount as z from charges), x as (select z from y) "
            "select count(*) from customers where id in (select z from x)",
            "group_too_fine",
        ),
        ("select count(*) from customers where id = (select id from charges)", "group_too_fine"),
        ("select sum((select id from charges)) from customers", "group_too_fine"),
        (
            "select count(*) from customers c join (select (select id from charges) as x) t on t.x = c.id",
            "group_too_fine",
        ),
        ("select count(*) filter (where 1 / id = 1) from customers", "group_too_fine"),
        ("select portico_entity_1, count(*) from customers group by 1", "unknown_column"),
        ("select count(*) from customers c where c.portico_entity_1 = 7", "not_understood"),
        ("select count(*) from customers as c (portico_entity_1)", "not_supported"),
    ],
)
def test_refused_in_postgres(text: str, expected: str) -> None:
    assert code(text, OLTP) == expected
    assert code(text, OLTP, reader=replace(ANA, roles=frozenset({"analyst", "steward"}))) == expected


@pytest.mark.parametrize(
    "text",
    [
        "select listagg(country, ',') from customers",
        "select median(id) from customers",
        "select any_value(id) from customers",
        "select max_by(id, score) from customers",
        "select first_value(id) over (order by id) from customers",
        "select country, count(*) from customers group by all qualify row_number() over (order by country) = 1",
        "select id from customers qualify row_number() over (order by id) = 1",
        "select * from customers pivot (max(id) for country in ('NL')) p",
        "select * from customers unpivot (v for n in (id, score))",
        "select row_number() over (order by id) as r, count(*) from customers group by all",
        "select count(*) from customers where birth_date > '2025-W01-1'",
        "select count(*) from customers where birth_date > '2025-01-01 10:00:00'",
        "select count(*) from customers where birth_date > '2025-02-31'",
        "select count(*) from customers sample (10)",
        "select count(*) from customers c, lateral flatten(input => split(c.country, 'x')) f",
        "select sum(email) from customers",
        "select count(*) from customers where country = 5",
        "select count(*) from customers where country > id",
        "select count(*) from customers where id in ('5', 'x')",
        "select count(*) from customers where created_at > 'soon'",
        "select count(*) from customers where birth_date > 'soon'",
        "select count(*) from customers where coalesce(country, 5) = 5",
        "select sum(case when country = 'NL' then id else 'x' end) from customers",
        "select sum(zeroifnull(country)) from customers",
        "select count(*) from customers where birth_date > dateadd(day, id, current_date())",
        "select to_date(country), count(*) from customers group by 1",
        "select count(*) from customers c join (select 1 as a union all select 'x') x on x.a = c.id",
    ],
)
def test_refused_in_snowflake(text: str) -> None:
    assert code(text, WAREHOUSE) in ("group_too_fine", "unknown_column")


COUNTED = {"$group": {"_id": "$status", "n": {"$sum": 1}}}
DIVIDED = {"$divide": [1, "$minutes"]}
WHERE_READ = {"localField": "session_id", "foreignField": "_id"}
WALK = {"startWith": "$_id", "connectFromField": "_id", "connectToField": "_id", "as": "s"}


@pytest.mark.parametrize(
    ("collection", "pipeline", "expected"),
    [
        ("sessions", [], "group_too_fine"),
        ("sessions", [{"$match": {"status": "open"}}], "group_too_fine"),
        ("sessions", [{"$limit": 5}, COUNTED], "group_too_fine"),
        ("sessions", [{"$sort": {"minutes": 1}}, COUNTED], "group_too_fine"),
        ("sessions", [{"$sample": {"size": 5}}, COUNTED], "group_too_fine"),
        ("sessions", [{"$facet": {"a": [COUNTED]}}], "group_too_fine"),
        ("sessions", [{"$replaceWith": {"a": "$minutes"}}, COUNTED], "group_too_fine"),
        ("sessions", [{"$bucketAuto": {"groupBy": "$minutes", "buckets": 2}}], "group_too_fine"),
        ("sessions", [{"$bucket": {"groupBy": "$minutes", "boundaries": [0, 9]}}], "group_too_fine"),
        ("sessions", [{"$setWindowFields": {"output": {"x": {"$sum": "$minutes"}}}}, COUNTED], "group_too_fine"),
        ("sessions", [{"$unionWith": "feedback"}, COUNTED], "group_too_fine"),
        ("sessions", [COUNTED, {"$unionWith": "sessions"}], "group_too_fine"),
        ("sessions", [COUNTED, {"$lookup": {"from": "sessions", "pipeline": [COUNTED], "as": "s"}}], "group_too_fine"),
        ("feedback", [{"$lookup": {"from": "sessions", **WHERE_READ, "as": "s"}}], "group_too_fine"),
        ("feedback", [{"$unionWith": "sessions"}], "group_too_fine"),
        ("feedback", [{"$graphLookup": {"from": "sessions", **WALK}}], "group_too_fine"),
        ("feedback", [{"$facet": {"a": [{"$lookup": {"from": "sessions", **WHERE_READ, "as": "s"}}]}}], "group_too_fine"),
        *(
            ("sessions", [{"$group": {"_id": None, "x": {name: "$minutes"}}}], "group_too_fine")
            for name in ("$min", "$max", "$first", "$last", "$push", "$addToSet", "$mergeObjects")
        ),
        ("sessions", [{"$group": {"_id": None, "x": {"$topN": {"n": 1, "sortBy": {"_id": 1}, "output": "$_id"}}}}], "group_too_fine"),
        ("sessions", [{"$group": {"_id": "$$ROOT", "n": {"$sum": 1}}}], "group_too_fine"),
        ("sessions", [{"$addFields": {"x": "$$CURRENT"}}, COUNTED], "group_too_fine"),
        ("sessions", [{"$group": {"_id": {"$getField": "email"}}}], "group_too_fine"),
        ("sessions", [{"$group": {"_id": None, "x": {"$sum": DIVIDED}}}], "group_too_fine"),
        ("sessions", [{"$group": {"_id": DIVIDED}}], "group_too_fine"),
        ("sessions", [{"$match": {"$or": [{"$expr": DIVIDED}]}}, COUNTED], "group_too_fine"),
        ("sessions", [{"$project": {"x": {"y": DIVIDED}}}, COUNTED], "group_too_fine"),
        ("sessions", [{"$sortByCount": {"$toUpper": "$status"}}], "group_too_fine"),
        ("sessions", [{"$sortByCount": {"$in": [1, "$events"]}}], "group_too_fine"),
        ("sessions", [{"$sortByCount": {"$convert": {"input": 1, "to": "$status"}}}], "group_too_fine"),
        ("sessions", [{"$sortByCount": {"$dateToString": {"date": "$_id", "format": "%Q"}}}], "group_too_fine"),
        ("sessions", [{"$addFields": {"portico_entity_1": "$_id"}}, COUNTED], "reserved_name"),
        ("sessions", [{"$unset": "portico_entity_1"}, COUNTED], "reserved_name"),
        ("sessions", [{"$unwind": {"path": "$events", "includeArrayIndex": "portico_entity_1"}}, COUNTED], "reserved_name"),
        ("sessions", [{"$group": {"_id": "$portico_entity_1"}}], "reserved_name"),
        ("sessions", [{"$match": {"portico_entity_1": "a"}}, COUNTED], "reserved_name"),
        ("sessions", [{"$count": "portico_entity_1"}], "reserved_name"),
    ],
)  # fmt: skip
def test_refused_in_documents(collection: str, pipeline: list[Any], expected: str) -> None:
    assert code({"collection": collection, "pipeline": pipeline}, DOCUMENTS) == expected


def test_what_runs_on_documents() -> None:
    typed = [{"$project": {"status": 1, "long": {"$gte": ["$minutes", 5]}}}, COUNTED, {"$sort": {"n": -1}}]
    decision = decided({"collection": "sessions", "pipeline": typed}, DOCUMENTS)
    assert isinstance(decision, Allowed), decision
    masks, *rest = decision.pipeline
    assert masks["$replaceWith"]["portico_entity_1"] == "$$ROOT.email"
    present = {"$ifNull": ["$portico_entity_1", "$$REMOVE"]}
    assert rest == [
        {"$project": {"status": 1, "long": {"$gte": ["$minutes", 5]}, "portico_entity_1": 1}},
        {"$group": {"_id": "$status", "n": {"$sum": 1}, "portico_entity_1": {"$addToSet": present}}},
        {"$match": {"$expr": {"$gte": [{"$size": "$portico_entity_1"}, 10]}}},
        {"$unset": ["portico_entity_1"]},
        {"$limit": 2_147_483_647},
        {"$sort": {"n": -1}},
        {"$limit": LIMITS.rows + 1},
    ]
    assert decision.notes == ("Groups of fewer than 10 email are left out by the rule “few-visits”.",)


def test_dates_are_guarded_wherever_they_stand() -> None:
    year = {"$year": "$minutes"}
    guarded = {"$cond": [{"$in": [{"$type": "$minutes"}, ["date", "timestamp", "objectId"]]}, year, None]}
    pipeline = [{"$match": {"$expr": {"$eq": [year, 2025]}}}, {"$group": {"_id": {"y": year}, "n": {"$sum": year}}}]
    decision = decided({"collection": "sessions", "pipeline": pipeline}, DOCUMENTS)
    assert isinstance(decision, Allowed), decision
    assert decision.pipeline[1] == {"$match": {"$expr": {"$eq": [guarded, 2025]}}}
    assert decision.pipeline[2]["$group"]["_id"] == {"y": guarded}
    assert decision.pipeline[2]["$group"]["n"] == {"$sum": guarded}


@pytest.mark.parametrize("schema", [OLTP, DOCUMENTS])
def test_other_roles_and_other_datasets_are_as_before(schema: SourceSchema) -> None:
    rows = {"collection": "sessions"} if schema is DOCUMENTS else "select id from customers"
    other = {"collection": "feedback"} if schema is DOCUMENTS else "select id from charges"
    assert code(rows, schema) == "group_too_fine"
    assert code(rows, schema, reader=replace(ANA, roles=frozenset({"steward"}))) == "allowed"
    before, after = decided(other, schema, RULES), decided(other, schema)
    assert before == after


@pytest.mark.parametrize("schema", [OLTP, DOCUMENTS])
def test_a_rule_on_what_is_not_there_refuses(schema: SourceSchema) -> None:
    wrong = replace(RULES, group_sizes=tuple(replace(size, entity="nobody") for size in FEW))
    text = {"collection": "sessions", "count": True} if schema is DOCUMENTS else "select count(*) from customers"
    assert code(text, schema, policies=wrong) == "not_configured"


def test_two_rules_on_one_dataset_both_hold() -> None:
    both = replace(RULES, group_sizes=(FEW[0], replace(FEW[0], id="few-mails", entity="email", at_least=3)))
    decision = decided("select count(*) from customers", OLTP, both)
    assert isinstance(decision, Allowed)
    assert '"id" AS "portico_entity_1", "email" AS "portico_entity_2"' in decision.text
    assert (
        'HAVING COUNT(DISTINCT "customers"."portico_entity_1") >= 10 '
        'AND COUNT(DISTINCT "customers"."portico_entity_2") >= 3' in decision.text
    )


def test_a_query_that_was_not_restricted_does_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "restrict", lambda block, work: None)
    assert code("select count(*) from customers", OLTP) == "not_understood"


def test_each_of_several_is_restricted() -> None:
    inner = "select country from customers group by country"
    text = f"select c.country from customers c join ({inner}) t on t.country = c.country group by 1 union {inner}"
    decision = decided(text, OLTP)
    assert isinstance(decision, Allowed), decision
    assert decision.text.count("HAVING COUNT(DISTINCT") == decision.text.count("OFFSET 0") == 3
