"""The approved queries name tables and columns that there are; nobody's first query fails."""

import json
from pathlib import Path
from typing import Any

import pytest
import sqlglot
import yaml
from sqlglot.optimizer.qualify import qualify

from apps.queries.library.types import Topic
from apps.queries.parameters import strings
from portal.accounts.types import PURPOSES, Purpose, Role
from tests.estate.test_definitions import DBT, ESTATE, SCHEMA, described, paths_of

QUERIES = {path.stem: yaml.safe_load(path.read_text()) for path in sorted((ESTATE / "queries").glob("*.yaml"))}
FOLDERS = {path.stem.upper(): path.parent.name.upper() for path in (DBT / "models").rglob("*.sql")}


def warehouse() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for model, columns in described().items():
        found.setdefault(FOLDERS[model.upper()], {})[model.upper()] = dict.fromkeys(columns, "VARCHAR")
    return found


def named(sources: str) -> list[str]:
    return [key for key, query in QUERIES.items() if query["source"] == sources]


@pytest.mark.parametrize("key", QUERIES)
def test_a_query_says_what_it_is(key: str) -> None:
    query = QUERIES[key]

    assert set(query) == {"title", "about", "topic", "role", "purpose", "source", "text"}
    assert Purpose(query["purpose"]) in PURPOSES[Role(query["role"])]
    assert Topic(query["topic"])
    assert query["about"].endswith(".")
    assert Path(key).name == key.lower()


@pytest.mark.parametrize("key", named("warehouse"))
def test_warehouse(key: str) -> None:
    tree = sqlglot.parse_one(QUERIES[key]["text"], dialect="snowflake")
    qualify(tree, schema=warehouse(), dialect="snowflake", validate_qualify_columns=True)


@pytest.mark.parametrize("key", named("oltp"))
def test_oltp(key: str) -> None:
    tree = sqlglot.parse_one(QUERIES[key]["text"], dialect="postgres")
    schema = {table: dict.fromkeys(columns, "text") for table, columns in SCHEMA.items()}
    for table in tree.find_all(sqlglot.exp.Table):
        table.set("db", None)
    qualify(tree, schema=schema, dialect="postgres", validate_qualify_columns=True)


@pytest.mark.parametrize("key", named("documents"))
def test_documents(key: str) -> None:
    query = json.loads(QUERIES[key]["text"])
    known = paths_of(query["collection"]) | {"_id"}
    named_paths = {*query.get("filter", {}), *query.get("projection", {})}
    stages = query.get("pipeline", [])
    # Behind the first group names are of its own making.
    first = next((at for at, stage in enumerate(stages) if "$group" in stage), len(stages))
    read = {text.lstrip("$") for text in strings(stages[: first + 1]) if text.startswith("$")}
    unwound = {stage["$unwind"].lstrip("$") for stage in stages if "$unwind" in stage}
    inside = {
        path.replace(f"{at}.", f"{at}[].", 1) if path.startswith(f"{at}.") else path
        for path in read
        for at in unwound or [path]
    }

    assert named_paths | inside <= known
