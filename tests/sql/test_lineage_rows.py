"""What decides about rows, by text pairs; and that nesting, however deep, is read or said."""

from typing import Any

import pytest
import yaml

from portal.sql.lineage.statement import RowOrigin, lineage_of
from tests.sql.test_lineage import DEFAULTS, FIXTURES, columns_in


def pairs() -> list[Any]:
    found = []
    for file in sorted(FIXTURES.with_name("rows").glob("*.yaml")):
        dialect = "postgres" if file.stem == "postgres" else "snowflake"
        for pair in yaml.safe_load(file.read_text()):
            found.append(pytest.param(dialect, pair, id=f"{file.stem}: {pair['name']}"))
    return found


def said(origin: RowOrigin) -> str:
    return f"{origin.table[-1]}.{origin.column}{':' if origin.path else ''}{origin.path} {origin.role}"


@pytest.mark.parametrize(("dialect", "pair"), pairs())
def test_pair(dialect: Any, pair: dict[str, Any]) -> None:
    found = lineage_of(pair["sql"], dialect, columns_in(dialect), default_path=DEFAULTS[dialect])
    assert [said(origin) for origin in found.rows] == pair["expected"]
    assert found.rows_unknown == pair.get("unknown", "")


def test_a_hundred_levels_are_read() -> None:
    text = "select id, email from customers where born > 1"
    for _ in range(100):
        text = f"select * from ({text}) s"
    found = lineage_of(text, "snowflake", columns_in("snowflake"), default_path=DEFAULTS["snowflake"])
    assert [column.name for column in found.columns] == ["ID", "EMAIL"]
    assert [said(origin) for origin in found.rows] == ["CUSTOMERS.BORN filter"]


def test_a_long_chain_hands_its_rows_on() -> None:
    chain = "s0 as (select * from orders where status = 'x')"
    chain += "".join(f", s{n} as (select * from s{n - 1} where amount > {n})" for n in range(1, 100))
    found = lineage_of(f"with {chain} select id from s99", "snowflake", columns_in("snowflake"))
    assert [origin.role for origin in found.rows] == []  # without a default path nobody knows the table
    assert found.rows_unknown == "ORDERS is not in the catalog"
    known = lineage_of(
        f"with {chain} select id from s99",
        "snowflake",
        columns_in("snowflake"),
        default_path=DEFAULTS["snowflake"],
    )
    assert [said(origin) for origin in known.rows] == ["ORDERS.AMOUNT filter", "ORDERS.STATUS filter"]
