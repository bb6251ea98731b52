"""Scripts and sessions by text pairs: what each statement wrote, temporary tables seen through."""

from typing import Any

import pytest
import yaml

from portal.sql.lineage.script import ScriptLineage, script_lineage, session_lineage
from tests.sql import test_lineage, test_lineage_rows
from tests.sql.test_lineage import DEFAULTS, FIXTURES, columns_in


def pairs() -> list[Any]:
    found = []
    for file in sorted(FIXTURES.with_name("scripts").glob("*.yaml")):
        dialect = "postgres" if file.stem == "postgres" else "snowflake"
        for pair in yaml.safe_load(file.read_text()):
            found.append(pytest.param(dialect, pair, id=f"{file.stem}: {pair['name']}"))
    return found


def said(script: ScriptLineage) -> dict[str, str]:
    found = {}
    for written in script.written:
        table = written.table[-1]
        found |= {f"{table}.{column.name}": test_lineage.said(column) for column in written.lineage.columns}
        if written.lineage.rows:
            found[f"{table} rows"] = ", ".join(test_lineage_rows.said(origin) for origin in written.lineage.rows)
    return found


@pytest.mark.parametrize(("dialect", "pair"), pairs())
def test_pair(dialect: Any, pair: dict[str, Any]) -> None:
    found = script_lineage(pair["sql"], dialect, columns_in(dialect), default_path=DEFAULTS[dialect])
    assert said(found) == pair["expected"]
    assert [each.statement for each in found.unread] == pair.get("unread", [])


def test_every_statement_tells_what_it_stands_on() -> None:
    session = [
        "create temp table a as select id from orders",
        "select 1",
        "create temp table b as select id from a",
        "insert into customers (id) select id from b",
    ]
    found = session_lineage(session, "snowflake", columns_in("snowflake"), default_path=DEFAULTS["snowflake"])
    assert [(written.table[-1], written.through) for written in found.written] == [("CUSTOMERS", (0, 2, 3))]


def test_a_table_that_makes_itself_ends() -> None:
    text = "create temp table a as select id from orders; create or replace temp table a as select id from a; "
    found = script_lineage(
        text * 3 + "insert into customers (id) select id from a",
        "snowflake",
        columns_in("snowflake"),
        default_path=DEFAULTS["snowflake"],
    )
    assert said(found) == {"CUSTOMERS.ID": "ORDERS.ID"}


def test_a_reason_stands_beside_what_is_not_read() -> None:
    found = script_lineage("alter table orders swap with customers", "snowflake", columns_in("snowflake"))
    assert [each.reason for each in found.unread] == [
        "ORDERS was swapped with CUSTOMERS, and what it holds was made elsewhere."
    ]
