"""Masks are put into a text that was read again without them: nobody can make them stand where they should not."""

import pytest
from sqlglot import exp

from apps.compliance.policy.sql import output, scans
from apps.compliance.policy.sql.decide import STEPS, decide_sql
from apps.compliance.policy.sql.work import Work
from apps.compliance.policy.types import Allowed, Refused
from portal.sql.parse import Dialect, SqlProblem, parse_query
from tests.policy.shop import ANA, LIMITS, OLTP
from tests.policy.test_keyed_masks import TOKENS

SCAN = "portico_scan_1"
MASKED = 'SELECT portico.token(\'analytics\', CAST("email" AS TEXT)) AS "email" FROM "payments"."public"."customers"'


def work(text: str, upto: int = len(STEPS)) -> Work:
    found = Work(text, "postgres", ANA, OLTP, TOKENS, LIMITS)
    for step in STEPS[:upto]:
        found = step(found)
    return found


@pytest.mark.parametrize(
    ("rendered", "safe"),
    [
        (f'SELECT c.email FROM "{SCAN}" AS c', True),
        (f'SELECT c.email FROM "{SCAN}" AS c JOIN "{SCAN}" AS d ON c.email = d.email', True),
        ("SELECT 1 AS one", False),
        (f'SELECT c.email FROM "{SCAN}" AS c JOIN "portico_scan_2" AS d ON TRUE', False),
        (f'SELECT c.email FROM "{SCAN}" AS c JOIN "payments"."public"."customers" AS d ON TRUE', False),
        (f'SELECT c.email FROM "public"."{SCAN}" AS c', False),
        (f'SELECT c.email FROM "{SCAN}" AS c JOIN "portico_cte_1" AS d ON TRUE', False),
        (f'SELECT c.email AS "{SCAN}" FROM "{SCAN}" AS c', False),
        (f'SELECT \'"{SCAN}"\' AS x FROM "{SCAN}" AS c', False),
        (f"SELECT c.email FROM {SCAN} AS c, (SELECT '\"{SCAN}\"' AS x) AS d", False),
        (f"SELECT portico.token('analytics', 'ann') AS email FROM \"{SCAN}\" AS c", False),
        (f"SELECT c.email FROM \"{SCAN}\" AS c WHERE portico.token('analytics', 'ann') = c.email", False),
        (f"SELECT c.email FROM \"{SCAN}\" AS c ORDER BY portico.noise('1', 1)", False),
        (f"SELECT pg_read_file('x') AS x FROM \"{SCAN}\" AS c", False),
    ],
)
def test_the_text_is_read_again_before_the_masks_are_put_in(rendered: str, safe: bool) -> None:
    """As if the engine had a fault."""
    before = work("select email from customers", STEPS.index(output.verify))
    assert dict(before.masked) == {SCAN: MASKED}
    faulty = Work(**{**vars(before), "rendered": rendered})
    if safe:
        found = output.insert_scans(output.verify(faulty)).final
        assert found == rendered.replace(f'"{SCAN}"', f"({MASKED})")
    else:
        with pytest.raises(SqlProblem):
            output.verify(faulty)


@pytest.mark.parametrize(
    "text",
    [
        f"select '\"{SCAN}\"' as x, email from customers",
        f'select email as "{SCAN}" from customers',
        f'select email as """{SCAN}""" from customers',
        f'select "{SCAN}".email from customers as "{SCAN}"',
        f"select count(*) from customers where note = 'from \"{SCAN}\" as c'",
    ],
)
def test_a_typed_text_cannot_name_a_place_for_a_mask(text: str) -> None:
    decision = decide_sql(Work(text, "postgres", ANA, OLTP, TOKENS, LIMITS))
    assert isinstance(decision, Refused)
    assert decision.code == "not_understood"


def test_what_is_put_in_is_not_looked_at_again() -> None:
    """A name of the catalog that looks like a place stays a name."""
    before = work("select a.email from customers a join customers b on a.id = b.id", STEPS.index(output.insert_scans))
    odd = {SCAN: 'SELECT 1 AS "portico_scan_2"', "portico_scan_2": "SELECT 2 AS two"}
    final = output.insert_scans(Work(**{**vars(before), "masked": odd})).final
    assert final.count('(SELECT 1 AS "portico_scan_2")') == 1
    assert final.count("(SELECT 2 AS two)") == 1


@pytest.mark.parametrize("dialect", ["postgres", "snowflake"])
@pytest.mark.parametrize(
    "text",
    [
        'SELECT "a" FROM "d"."s"."other"',
        'SELECT "a" FROM "d"."s"."t" CROSS JOIN "d"."s"."t" AS u',
        'SELECT (SELECT 1 FROM "d"."s"."other") AS "a" FROM "d"."s"."t"',
        'WITH t AS (SELECT 1 AS a) SELECT "a" FROM "d"."s"."t"',
        'SELECT PG_READ_FILE("a") AS "a" FROM "d"."s"."t"',
    ],
)
def test_a_scan_reads_back_as_its_one_table(text: str, dialect: Dialect) -> None:
    good = parse_query('SELECT "a" FROM "d"."s"."t"', dialect)
    bad = parse_query(text, dialect)
    assert isinstance(good, exp.Select)
    assert isinstance(bad, exp.Select)
    assert scans.read_again(good, ("d", "s", "t"), dialect) == 'SELECT "a" FROM "d"."s"."t"'
    with pytest.raises(SqlProblem):
        scans.read_again(bad, ("d", "s", "t"), dialect)


@pytest.mark.parametrize(
    "text",
    [
        "select c.country, (select max(email) from customers) as m, m || 'x' as n from customers c",
        "with c as (select * from customers) select a.email from c a join c b on a.id = b.id union select phone from c",
        "select email from customers tablesample bernoulli (10) where id in (select id from customers)",
    ],
)
def test_the_whole_text_still_reads_as_a_query_with_every_table_in_its_scan(text: str) -> None:
    decision = decide_sql(Work(text, "postgres", ANA, OLTP, TOKENS, LIMITS))
    assert isinstance(decision, Allowed), decision
    assert "portico_scan_" not in decision.text
    for table in parse_query(decision.text, "postgres").find_all(exp.Table):
        if not table.name.startswith("portico_cte_"):
            assert [part.name for part in table.parts] == ["payments", "public", "customers"]
            assert isinstance(table.parent.parent.parent, exp.Subquery), text  # type: ignore[union-attr]
