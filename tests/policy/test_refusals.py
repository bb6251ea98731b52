"""What is refused, by code: default deny, for each part of the language by itself."""

import json

import pytest

from apps.catalog.types import SourceSchema
from apps.compliance.policy.decide import decide
from apps.compliance.policy.types import PolicySet, Refused
from tests.policy.shop import ANA, DOCUMENTS, LIMITS, OLTP, RULES, WAREHOUSE


def code(text: str, schema: SourceSchema, policies: PolicySet = RULES) -> str:
    decision = decide(text, ANA, schema, policies, LIMITS)
    return decision.code if isinstance(decision, Refused) else "allowed"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "empty"),
        (";;", "empty"),
        ("-- nothing", "empty"),
        ("select 1; select 2", "many_statements"),
        ("select 1; drop table customers", "many_statements"),
        ("update customers set email = null", "not_a_query"),
        ("delete from customers", "not_a_query"),
        ("explain analyze select 1", "not_a_query"),
        ("copy customers to '/tmp/x'", "not_a_query"),
        ("vacuum", "not_a_query"),
        ("set role postgres", "not_a_query"),
        ("show all", "not_a_query"),
        ("call something()", "not_a_query"),
        ("do $$ begin end $$", "not_a_query"),
        ("values (1)", "not_a_query"),
        ("with d as (delete from customers returning *) select * from d", "not_supported"),
        ("select * into copy from customers", "not_supported"),
        ("select * from customers for update", "not_supported"),
        ("select * from customers tablesample system (1)", "not_supported"),
        ("select * from customers tablesample bernoulli (10) repeatable (1)", "not_supported"),
        ("select * from only customers", "not_supported"),
        ("select * from customers c, lateral (select c) l", "not_understood"),
        ("select * from customers, lateral (select 1)", "not_supported"),
        ("select (values (1))", "not_supported"),
        ("select * from (values (1), (2, 3)) v", "not_supported"),
        ("select * from (values " + ", ".join(["(1)"] * 201) + ") v", "too_complex"),
        ("select * from unnest(array[1], array[2]) u", "function_not_allowed"),
        ("select * from unnest(array[1]) with ordinality u", "function_not_allowed"),
        ("select * from unnest((select array_agg(email) from customers)) u", "not_understood"),
        ("select * from pg_ls_dir('/') as f(x)", "not_a_table"),
        ("select to_char(x => created_at, y => 'a') from charges", "not_supported"),
        ("select * from customers pivot (max(email) for country in ('NL')) p", "not_supported"),
        ("select * from customers natural join charges", "not_supported"),
        ("with recursive t as (select 1 as n union all select n + 1 from t) select * from t", "not_supported"),
        ("select customers from customers", "not_supported"),
        ("select (c).email from customers c", "not_supported"),
        ("select count(c.*) from customers c", "not_supported"),
        ("select id from customers limit all", "not_supported"),
        ("select id from customers limit (select 5)", "not_supported"),
        ("select id from customers fetch first 3 rows with ties", "not_supported"),
        ("select e'\\101'", "not_supported"),
        ("select $1", "not_supported"),
        ("select :name", "not_supported"),
        ("select pg_sleep(10)", "function_not_allowed"),
        ("select pg_read_file('/etc/passwd')", "function_not_allowed"),
        ("select pg_catalog.lower('A')", "not_supported"),
        ('select "pg_sleep"(10)', "function_not_allowed"),
        ("select query_to_xml('select 1', true, true, '')", "function_not_allowed"),
        ("select dblink('x', 'select 1')", "function_not_allowed"),
        ("select current_setting('data_directory')", "function_not_allowed"),
        ("select current_user", "function_not_allowed"),
        ("select version()", "function_not_allowed"),
        ("select row_to_json(c) from customers c", "function_not_allowed"),
        ("select repeat('x', 1000000000)", "function_not_allowed"),
        ("select lpad('x', 1000000000)", "not_supported"),
        ("select set_config('a', 'b', false)", "function_not_allowed"),
        ("select has_table_privilege('x', 'select')", "function_not_allowed"),
        ("select lo_import('/etc/passwd')", "function_not_allowed"),
        ("select nextval('s')", "function_not_allowed"),
        ("select 'customers'::regclass", "not_supported"),
        ("select 'x'::xml", "type_not_allowed"),
        ("select email::customers from customers", "type_not_allowed"),
        ("select * from pg_catalog.pg_stats", "unknown_table"),
        ("select * from pg_user", "unknown_table"),
        ("select * from information_schema.columns", "unknown_table"),
        ("select * from other.public.customers", "unknown_table"),
        ('select * from "Customers"', "unknown_table"),
        ("select * from portico_cte_1", "reserved_name"),
        ("select nope from customers", "unknown_column"),
        ("select ctid from customers", "unknown_column"),
        ("select xmin, tableoid from customers", "unknown_column"),
        ("select id from customers, charges", "unknown_column"),
        ("select c.a, h.id from customers as c (a), charges h", "not_supported"),
        ("with t as (select id, email from customers) select c.b from t as c (a, b)", "not_understood"),
        ("select id from customers limit " + "9" * 5000, "not_supported"),
        ("select id from customers limit 9999999999999999999", "not_supported"),
        ("select lpad('x', " + "9" * 5000 + ")", "not_supported"),
        ("select '\ud800'", "bad_character"),
        ("select 'a\x00b'", "bad_character"),
        ("select 'open", "not_understood"),
        ("selekt 1", "not_understood"),
        ("select " + "(" * 3000 + "1" + ")" * 3000, "not_understood"),
    ],
)
def test_postgres(text: str, expected: str) -> None:
    assert code(text, OLTP) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("select $1 from customers", "not_supported"),
        ("select $secret", "not_supported"),
        ("select * from @stage/file.csv", "not_a_table"),
        ("select * from 's3://bucket/x'", "not_a_table"),
        ("select * from identifier('customers')", "not_a_table"),
        ("select * from table(generator(rowcount => 1000000000))", "not_supported"),
        ("select * from table(generator(timelimit => 60))", "not_supported"),
        ("select * from table(customers)", "function_not_allowed"),
        ("select * from table('customers')", "function_not_allowed"),
        ("select * from customers c, lateral flatten(input => c) f", "unknown_column"),
        ("select * from customers c, lateral flatten(input => {c.*}) f", "not_supported"),
        ("select {*} from customers", "not_supported"),
        ("select * from customers c, lateral flatten(input => c.note, secret => 1) f", "not_supported"),
        ("select * from customers before (statement => 'x')", "not_supported"),
        ("select * from customers at (stream => 's')", "not_supported"),
        ("select * from customers at (timestamp => (select max(created_at) from charges))", "not_supported"),
        ("with t as (select 1 as a) select * from t at (offset => -5)", "not_supported"),
        ("select * from customers sample ((select 5))", "not_supported"),
        ("select * from customers pivot (max(email) for country in (any)) p", "not_supported"),
        ("select * from customers pivot (max(email || 'x') for country in ('NL')) p", "not_supported"),
        ("select * from customers pivot (listagg(email) for country in ('NL')) p", "not_supported"),
        ("select * from charges unpivot (v for n in (amount + 1, id))", "not_supported"),
        ("select * from table(result_scan(last_query_id()))", "function_not_allowed"),
        ("select * from table(information_schema.query_history())", "function_not_allowed"),
        ("select object_construct(*) from customers", "function_not_allowed"),
        ("select system$typeof(1)", "function_not_allowed"),
        ("select system$cancel_all_queries()", "function_not_allowed"),
        ("select current_role()", "function_not_allowed"),
        ("select last_query_id()", "function_not_allowed"),
        ("select get_ddl('table', 'customers')", "function_not_allowed"),
        ("select read_csv('/etc/passwd')", "function_not_allowed"),
        ("select * from read_csv('/etc/passwd')", "not_a_table"),
        ("select randstr(100000000, random())", "function_not_allowed"),
        ("select * from snowflake.account_usage.query_history", "unknown_table"),
        ("select * from information_schema.tables", "unknown_table"),
        ("select * from duckdb_tables()", "not_a_table"),
        ("select distinct on (country) country from customers", "not_supported"),
        ("show tables", "not_a_query"),
        ("describe table customers", "not_a_query"),
        ("use role accountadmin", "not_a_query"),
        ("put file:///etc/passwd @~", "not_a_query"),
        ("execute immediate 'select 1'", "not_a_query"),
        ("call p()", "not_a_query"),
        ("create table t as select * from customers", "not_a_query"),
    ],
)
def test_snowflake(text: str, expected: str) -> None:
    assert code(text, WAREHOUSE) == expected


@pytest.mark.parametrize(
    ("pipeline", "expected"),
    [
        ([{"$out": "copy"}], "operator_not_allowed"),
        ([{"$merge": {"into": "copy"}}], "operator_not_allowed"),
        ([{"$unionWith": "system.users"}], "unknown_table"),
        ([{"$unionWith": {"coll": "feedback", "pipeline": [{"$out": "x"}]}}], "operator_not_allowed"),
        ([{"$unionWith": {"db": "admin", "coll": "feedback"}}], "not_understood"),
        ([{"$unionWith": {"coll": "feedback", "pipeline": [{"$project": {"x": "$$outer"}}]}}], "variable_not_allowed"),
        ([{"$graphLookup": {}}], "not_understood"),
        ([{"$facet": {}}], "not_understood"),
        ([{"$facet": {"a": [{"$out": "x"}]}}], "operator_not_allowed"),
        ([{"$facet": {"a": [{"$facet": {"b": [{"$limit": 1}]}}]}}], "not_supported"),
        ([{"$bucket": {"groupBy": "$a", "boundaries": ["$email", 1]}}], "not_understood"),
        (
            [{"$bucket": {"groupBy": "$a", "boundaries": [0, 1], "output": {"x": {"$function": {}}}}}],
            "operator_not_allowed",
        ),
        ([{"$bucketAuto": {"groupBy": "$a", "buckets": 5000}}], "not_understood"),
        ([{"$sample": {"size": 10_000_000}}], "not_understood"),
        ([{"$setWindowFields": {"output": {"x": {"$function": {}}}}}], "operator_not_allowed"),
        ([{"$setWindowFields": {"output": {"x": {"$sum": 1, "window": {"documents": ["$a", 1]}}}}}], "not_understood"),
        ([{"$replaceWith": "$email"}], "not_supported"),
        ([{"$replaceWith": {"$arrayToObject": {"$objectToArray": "$$ROOT"}}}], "not_supported"),
        ([{"$densify": {"field": "minutes", "range": {"step": 0, "bounds": "full"}}}], "not_understood"),
        ([{"$fill": {"output": {"a": {"method": "code"}}}}], "not_understood"),
        ([{"$redact": "$$KEEP"}], "operator_not_allowed"),
        ([{"$geoNear": {}}], "operator_not_allowed"),
        ([{"$changeStream": {}}], "operator_not_allowed"),
        ([{"$collStats": {}}], "operator_not_allowed"),
        ([{"$currentOp": {}}], "operator_not_allowed"),
        ([{"$documents": []}], "operator_not_allowed"),
        ([{"$match": {"$where": "true"}}], "operator_not_allowed"),
        ([{"$match": {"$text": {"$search": "x"}}}], "operator_not_allowed"),
        ([{"$match": {"$jsonSchema": {}}}], "operator_not_allowed"),
        ([{"$match": {"email": {"$where": "true"}}}], "operator_not_allowed"),
        ([{"$match": {"email": {"$in": [{"$where": "true"}]}}}], "operator_not_allowed"),
        ([{"$match": {"$or": [{"a": 1}, {"$where": "x"}]}}], "operator_not_allowed"),
        ([{"$match": {"events": {"$elemMatch": {"$where": "x"}}}}], "operator_not_allowed"),
        ([{"$match": {"$expr": {"$function": {}}}}], "operator_not_allowed"),
        ([{"$project": {"x": {"$function": {}}}}], "operator_not_allowed"),
        ([{"$project": {"x": {"$range": [0, 1000000000]}}}], "operator_not_allowed"),
        ([{"$project": {"x": {"$meta": "textScore"}}}], "operator_not_allowed"),
        ([{"$project": {"x": [{"y": {"$function": {}}}]}}], "operator_not_allowed"),
        ([{"$project": {"x": {"$map": {"input": [1], "in": {"$function": {}}}}}}], "operator_not_allowed"),
        ([{"$group": {"_id": None, "x": {"$accumulator": {}}}}], "operator_not_allowed"),
        ([{"$project": {"x": "$$CLUSTER_TIME"}}], "variable_not_allowed"),
        ([{"$project": {"x": "$$USER_ROLES"}}], "variable_not_allowed"),
        ([{"$project": {"x": "$$nobody"}}], "variable_not_allowed"),
        ([{"$project": {"x": "$a..b"}}], "not_understood"),
        ([{"$sort": {"x": {"$meta": "textScore"}}}], "not_understood"),
        ([{"$limit": "all"}], "not_understood"),
        ([{"$match": {"a": 1}, "$out": "x"}], "not_understood"),
        ([{"$lookup": {"from": "system.users", "pipeline": [], "as": "u"}}], "unknown_table"),
        ([{"$lookup": {"from": {"db": "admin", "coll": "system.users"}, "pipeline": [], "as": "u"}}], "not_understood"),
        ([{"$lookup": {"from": "feedback", "pipeline": [{"$out": "x"}], "as": "f"}}], "operator_not_allowed"),
        ([{"$lookup": {"from": "feedback", "as": "f"}}], "not_understood"),
        ([{"$lookup": {"from": "feedback", "let": {"portico_x": 1}, "pipeline": [], "as": "f"}}], "reserved_name"),
        ([{"$limit": 1}] * 60, "too_complex"),
    ],
)
def test_documents(pipeline: list[object], expected: str) -> None:
    assert code(json.dumps({"collection": "sessions", "pipeline": pipeline}), DOCUMENTS) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{", "not_understood"),
        ("[]", "not_understood"),
        ('{"collection": "sessions", "collection": "feedback"}', "not_understood"),
        ('{"collection": "sessions", "explain": true}', "not_supported"),
        ('{"collection": "sessions", "pipeline": {}}', "not_understood"),
        ('{"collection": "sessions", "pipeline": [], "filter": {}}', "not_understood"),
        ('{"collection": "system.profile"}', "unknown_table"),
        ('{"collection": "sessions", "filter": {"_id": {"$oid": "x"}}}', "not_supported"),
        ('{"collection": "sessions", "limit": NaN}', "not_understood"),
        ('{"a":' * 5000, "not_understood"),
        ('{"collection": "sessions", "filter": ' + '{"a":' * 80 + "1" + "}" * 81, "too_complex"),
    ],
)
def test_requests(text: str, expected: str) -> None:
    assert code(text, DOCUMENTS) in (expected, "too_complex")


def test_without_rules_nothing_is_configured() -> None:
    assert code("select 1", OLTP, PolicySet(0, ())) == "not_configured"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("select id,\n  nope\nfrom customers", (2, 3)),
        ('select id,\n    "no pe" from customers', (2, 5)),
        ("select id from nowhere", (1, 16)),
        ("select id from\n  customers where where id = 1", (2, 19)),
    ],
)
def test_a_refusal_points_to_where_the_word_starts(text: str, place: tuple[int, int]) -> None:
    decision = decide(text, ANA, OLTP, RULES, LIMITS)
    assert isinstance(decision, Refused)
    assert (decision.line, decision.column) == place


WALK = {"from": "feedback", "startWith": "$_id", "connectFromField": "_id", "connectToField": "session_id", "as": "f"}


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, "allowed"),
        ({"connectToField": "email"}, "not_supported"),
        ({"connectFromField": "email"}, "not_supported"),
        ({"connectToField": "nobody.knows"}, "not_supported"),
        ({"restrictSearchWithMatch": {"session_id": "s1"}}, "allowed"),
        ({"restrictSearchWithMatch": {"email": "x"}}, "not_supported"),
        ({"restrictSearchWithMatch": {"session_id": {"$ne": "x"}}}, "not_supported"),
        ({"restrictSearchWithMatch": {"$expr": {"$eq": ["$email", "x"]}}}, "not_supported"),
        ({"restrictSearchWithMatch": {"$where": "1"}}, "operator_not_allowed"),
        ({"depthField": "email"}, "not_supported"),
        ({"depthField": "level"}, "allowed"),
        ({"startWith": {"$function": {}}}, "operator_not_allowed"),
        ({"from": "system.users"}, "unknown_table"),
        ({"secret": 1}, "not_understood"),
    ],
)
def test_a_walk_compares_only_what_is_shown(more: dict[str, object], expected: str) -> None:
    query = json.dumps({"collection": "sessions", "pipeline": [{"$graphLookup": {**WALK, **more}}]})
    assert code(query, DOCUMENTS) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"distinct": "status"}, "allowed"),
        ({"distinct": "status", "sort": {"a": 1}}, "not_understood"),
        ({"distinct": "status", "count": True}, "not_understood"),
        ({"distinct": "$where"}, "not_understood"),
        ({"distinct": ""}, "not_understood"),
        ({"count": True, "filter": {"$where": "1"}}, "operator_not_allowed"),
        ({"count": 5}, "not_understood"),
    ],
)
def test_distinct_and_count(body: dict[str, object], expected: str) -> None:
    assert code(json.dumps({"collection": "sessions", **body}), DOCUMENTS) == expected


@pytest.mark.parametrize(
    ("text", "schema", "hint"),
    [
        ("select emial from customers", OLTP, "Did you mean email?"),
        ("select amuont from charges", WAREHOUSE, "Did you mean AMOUNT?"),
        ("select id from customers, charges", OLTP, "Put the name of its table in front of it."),
        ("select zzzzzz from customers", OLTP, "Check its name, and put the table's in front."),
        ("select id from chargse", OLTP, "Did you mean public.charges?"),
    ],
)
def test_a_typo_gets_the_nearest_names(text: str, schema: SourceSchema, hint: str) -> None:
    decision = decide(text, ANA, schema, RULES, LIMITS)
    assert isinstance(decision, Refused)
    assert decision.hint == hint
    assert decision.line == 1
