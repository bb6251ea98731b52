"""Tokens in the text that runs: put there by the policy alone, and read there again before it is sent."""

import hashlib
import hmac
import json
import os
from dataclasses import replace

import pytest
from sqlglot import parse_one

from apps.catalog.types import SourceSchema
from apps.compliance.policy.choose import Choice
from apps.compliance.policy.decide import decide
from apps.compliance.policy.masks.mongo_keyed import BODY, for_people
from apps.compliance.policy.mongo.document import mask_stages
from apps.compliance.policy.types import Allowed, MaskKind, MaskOptions, MaskRule, PolicySet, Refused
from portal.tokens import keys, sha256, snowflake
from tests.policy.shop import ANA, DOCUMENTS, LIMITS, OLTP, OPERATIONS, WAREHOUSE

TOKENS = PolicySet(
    1,
    (
        MaskRule("operational", OPERATIONS, MaskKind.CLEAR),
        MaskRule("everything", "user", MaskKind.NULL),
        MaskRule("mail", "user.contact.email", MaskKind.TOKEN),
        MaskRule("score", "user.behavior", MaskKind.NOISE, options=MaskOptions(width=50)),
    ),
)


def decided(text: str, schema: SourceSchema) -> Allowed | Refused:
    return decide(text, ANA, schema, TOKENS, LIMITS)


def folded(text: str) -> str:
    return " ".join(text.split()).replace("( ", "(").replace(" )", ")")


def test_the_text_that_runs() -> None:
    said = decided("select email from customers", OLTP)
    assert isinstance(said, Allowed)
    assert folded(said.text) == (
        'SELECT "customers"."email" AS "email" FROM (SELECT portico.token(\'analytics\', CAST("email" AS TEXT)) AS '
        '"email" FROM "payments"."public"."customers") AS "customers" LIMIT 1001'
    )
    said = decided("select email from customers", WAREHOUSE)
    assert isinstance(said, Allowed)
    assert folded(said.text) == (
        'SELECT "CUSTOMERS"."EMAIL" AS "EMAIL" FROM (SELECT PORTICO.MASKS.TOKEN(\'analytics\', CAST("EMAIL" AS '
        'VARCHAR)) AS "EMAIL" FROM "ANALYTICS"."CORE"."CUSTOMERS") AS "CUSTOMERS" LIMIT 1001'
    )


CALLS = {
    "postgres": "portico.token('analytics', {0})",
    "quoted": '"portico"."token"(\'analytics\', {0})',
    "bare": "token('analytics', {0})",
    "noise": "portico.noise({0}, 5)",
    "snowflake": "PORTICO.MASKS.TOKEN('analytics', {0})",
    "snowflake quoted": '"PORTICO"."MASKS"."TOKEN"(\'analytics\', {0})',
    "within a schema": "MASKS.TOKEN('analytics', {0})",
    "the digest": "PORTICO.MASKS.DIGEST({0}, {0}, {0})",
}
PLACES = {
    "select": "select {0} from customers",
    "select of a text": "select {1}",
    "where": "select id from customers where email = {1}",
    "order": "select id from customers order by {0}",
    "a scan as the policy writes it": 'select "email" from (select {0} as "email" from "payments"."public"."customers") as c',
    "a CTE": "with c as (select {0} as email from customers) select email from c",
    "join": "select a.id from customers a join customers b on a.email = {1}",
    "in another function": "select upper({1})",
    "window": "select row_number() over (order by {0}) from customers",
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("schema", [OLTP, WAREHOUSE], ids=["postgres", "snowflake"])
def test_no_typed_text_reaches_the_functions(schema: SourceSchema, call: str, place: str) -> None:
    text = PLACES[place].format(CALLS[call].format("email"), CALLS[call].format("'ann@example.org'"))
    said = decided(text, schema)
    assert isinstance(said, Refused)
    assert said.code in {"function_not_allowed", "not_supported", "unknown_table", "unknown_column"}


@pytest.mark.parametrize("table", ["portico.mask_keys", "PORTICO.MASKS.MASK_KEYS", "mask_keys"])
def test_no_typed_text_reads_the_keys(table: str) -> None:
    for schema in (OLTP, WAREHOUSE):
        said = decided(f"select * from {table}", schema)
        assert isinstance(said, Refused)
        assert said.code in {"unknown_table", "not_supported"}


@pytest.mark.parametrize(
    "body",
    [
        {"pipeline": [{"$project": {"x": {"$function": {"body": BODY, "args": ["ann", [1], [1], 0], "lang": "js"}}}}]},
        {"pipeline": [{"$project": {"x": {"$token": "$email"}}}]},
        {"pipeline": [{"$project": {"x": {"$noise": ["$minutes", 5]}}}]},
        {"pipeline": [{"$lookup": {"from": "system.js", "pipeline": [], "as": "k"}}]},
        {"pipeline": [{"$lookup": {"from": "feedback", "pipeline": [{"$lookup": {"from": "system.js", "pipeline": [], "as": "k"}}], "as": "k"}}]},
        {"filter": {"$expr": {"$eq": ["$email", {"$function": {"body": BODY, "args": [], "lang": "js"}}]}}},
    ],
)  # fmt: skip
def test_no_typed_pipeline_reaches_the_function_or_the_keys(body: dict[str, object]) -> None:
    said = decided(json.dumps({"collection": "sessions", **body}), DOCUMENTS)
    assert isinstance(said, Refused)
    assert said.code in {"operator_not_allowed", "unknown_table"}
    assert isinstance(decided('{"collection": "system.js"}', DOCUMENTS), Refused)


def test_a_field_named_like_the_rewriters_own_is_hidden() -> None:
    """Or a document's own `portico_noise` would be shown as the key that the rewriter puts under that name."""
    clear = Choice(MaskKind.CLEAR, "allowed", "")
    noisy = Choice(MaskKind.NOISE, "forbidden", "", options=MaskOptions(width=5))
    *fetched, rebuilt = mask_stages({"n": noisy, "portico_noise": clear, "portico_noise.value": clear})
    assert [stage["$lookup"]["as"] for stage in fetched] == ["portico_noise"]
    assert list(rebuilt["$replaceWith"]) == ["n"]


def test_typed_values_do_not_pass_for_a_token_when_shown() -> None:
    said = decided(json.dumps({"collection": "sessions", "filter": {"email": "tok_1"}}), DOCUMENTS)
    assert isinstance(said, Allowed)
    shown = json.dumps(for_people(said.pipeline))
    assert shown.count("$token") == 1
    assert for_people({"$function": {"body": "other", "args": []}}) == {"$function": {"body": "other", "args": []}}


def test_the_key_is_the_purposes() -> None:
    other = decide("select email from customers", replace(ANA, purpose="compliance"), OLTP, TOKENS, LIMITS)
    assert isinstance(other, Allowed)
    assert "portico.token('compliance'," in other.text
    odd = decide("select email from customers", replace(ANA, purpose="x') or ('"), OLTP, TOKENS, LIMITS)
    assert isinstance(odd, Allowed)
    assert "portico" not in odd.text


def test_keys_differ_and_are_hmacs() -> None:
    setting = os.urandom(32).hex()
    names = [keys.NOISE, keys.token_name("a"), keys.token_name("b")]
    assert len({keys.derived(setting, name) for name in names}) == 3
    key = keys.derived(setting, "token:a")
    assert keys.digest(key, "Zoë") == hmac.new(key, "Zoë".encode(), hashlib.sha256).hexdigest()
    for wrong in ("", "00" * 16, "zz" * 32):
        with pytest.raises(ValueError, match=r"key|hex"):
            keys.derived(wrong, "noise")
    assert {keys.noise(key, str(n), 3) for n in range(500)} == set(range(-3, 4))


def test_blocks_of_sha256_are_those_of_the_standard_library() -> None:
    for length in (0, 1, 55):
        text = os.urandom(length)
        block = text + b"\x80" + b"\0" * (55 - length) + (8 * length).to_bytes(8, "big")
        found = b"".join(word.to_bytes(4, "big") for word in sha256.after(block))
        assert found == hashlib.sha256(text).digest()


def test_what_a_snowflake_account_is_told() -> None:
    """On an account of one's own, which no test reaches: the exact texts, none of which holds a key."""
    said = [*snowflake.structure(), *snowflake.functions(snowflake.quoted('GA"TE'))]
    assert [text.split("(")[0].split(" AS ")[0] for text in said] == [
        "CREATE DATABASE IF NOT EXISTS PORTICO",
        "CREATE SCHEMA IF NOT EXISTS PORTICO.MASKS WITH MANAGED ACCESS",
        "CREATE OR REPLACE TABLE PORTICO.MASKS.MASK_KEYS ",
        "CREATE OR REPLACE SECURE FUNCTION PORTICO.MASKS.DIGEST",
        "CREATE OR REPLACE SECURE FUNCTION PORTICO.MASKS.TOKEN",
        "CREATE OR REPLACE SECURE FUNCTION PORTICO.MASKS.NOISE",
        'GRANT USAGE ON DATABASE PORTICO TO ROLE "GA""TE"',
        'GRANT USAGE ON SCHEMA PORTICO.MASKS TO ROLE "GA""TE"',
        "GRANT USAGE ON FUNCTION PORTICO.MASKS.TOKEN",
        "GRANT USAGE ON FUNCTION PORTICO.MASKS.NOISE",
    ]
    body = parse_one(said[4].split("$$")[1], read="snowflake")
    assert "OBJECT_AGG" in body.sql("snowflake")
    python: dict[str, object] = {}
    exec(snowflake.DIGEST.split("$$")[1], python)
    pads = keys.pads("11" * 32, "noise")
    digest = python["digest"]
    assert digest(pads.inner, pads.outer, "7:5") == keys.digest(keys.derived("11" * 32, "noise"), "7:5")  # type: ignore[operator]
