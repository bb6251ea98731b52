"""Lineage by text pairs: a statement, and where each of its columns comes from."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from portal.sql.lineage.statement import OutputColumn, lineage_of
from portal.sql.parse import SqlProblem

FIXTURES = Path(__file__).parent / "fixtures" / "lineage"
TABLES = {
    "CUSTOMERS": ("ID", "EMAIL", "NAME", "BORN"),
    "ORDERS": ("ID", "CUSTOMER_ID", "AMOUNT", "STATUS"),
    "DOCUMENTS": ("ID", "DOC", "TAGS"),
}
DEFAULTS = {"snowflake": ("ANALYTICS", "RAW"), "postgres": ("payments", "public")}


def pairs() -> list[Any]:
    found = []
    for file in sorted(FIXTURES.glob("*.yaml")):
        dialect = "postgres" if file.stem == "postgres" else "snowflake"
        for pair in yaml.safe_load(file.read_text()):
            found.append(pytest.param(dialect, pair, id=f"{file.stem}: {pair['name']}"))
    return found


def columns_in(dialect: str) -> Any:
    fold = str.upper if dialect == "snowflake" else str.lower
    known = {(*DEFAULTS[dialect], fold(table)): tuple(fold(name) for name in names) for table, names in TABLES.items()}

    def columns_of(path: tuple[str, ...]) -> Sequence[str] | None:
        return known.get(path)

    return columns_of


def said(column: OutputColumn) -> str:
    words = []
    for origin in column.origins:
        place = f"{origin.table[-1]}.{origin.column}" + (f":{origin.path}" if origin.path else "")
        words.append(place if origin.transform == "copy" else f"{place} {origin.transform}")
    return ", ".join([*words, column.how] if column.how else words)


@pytest.mark.parametrize(("dialect", "pair"), pairs())
def test_pair(dialect: Any, pair: dict[str, Any]) -> None:
    found = lineage_of(
        pair["sql"],
        dialect,
        columns_in(dialect),
        default_path=DEFAULTS[dialect],
        keyed=frozenset({"token"}),
    )
    assert {column.name: said(column) for column in found.columns} == pair["expected"]
    assert found.opaque == pair.get("opaque", "")


def test_the_tables_of_a_statement_are_told() -> None:
    found = lineage_of(
        "with a as (select * from orders) select * from a join core.customers c using (id)",
        "snowflake",
        columns_in("snowflake"),
        default_path=DEFAULTS["snowflake"],
    )
    assert found.tables == {("ANALYTICS", "RAW", "ORDERS"), ("ANALYTICS", "CORE", "CUSTOMERS")}


@pytest.mark.parametrize("text", ["", "delete from orders", "select 1; select 2", "select from where ("])
def test_what_is_not_one_query_is_refused(text: str) -> None:
    with pytest.raises(SqlProblem):
        lineage_of(text, "snowflake", columns_in("snowflake"))


def test_a_wide_statement_is_read_once() -> None:
    """400 columns through 60 CTEs: one visit of each, not one of all for every column."""
    names = [f"C{n}" for n in range(400)]
    chain = ", ".join(f"s{n} as (select * from {'wide' if n == 0 else f's{n - 1}'})" for n in range(60))
    found = lineage_of(f"with {chain} select * from s59", "snowflake", lambda path: names)
    assert len(found.columns) == 400
    assert all(column.origins[0].column == column.name for column in found.columns)
