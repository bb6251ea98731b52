"""A literal stays one literal, whatever it holds, and `:name` is a parameter only where nothing else can be meant."""

import datetime as dt
from decimal import Decimal

import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as st
from sqlglot import exp

from portal.sql.parameters import Value, bound, literal, names_in
from portal.sql.parse import Dialect


@pytest.mark.parametrize(
    ("dialect", "text", "names"),
    [
        ("postgres", "select :a, x::int, ':b', \"c:d\" from t -- :e", ("a",)),
        ("postgres", "select * from t where d >= :from_day and b=:b and c = :b", ("from_day", "b")),
        ("postgres", "select a[1:n], a[:n], array[:n]", ("n",)),
        ("postgres", "select /* :x */ $$ :y $$, :date limit :n", ("date", "n")),
        ("snowflake", "select a:b, a :c, t.v:d.e::int, f(x):g, :h from t", ("h",)),
        ("snowflake", "select case when :p then :q else :r end, x in (:s,:t)", ("p", "q", "r", "s", "t")),
        ("snowflake", "select 'it\\'s :x', :y", ("y",)),
        ("postgres", "select 'unfinished :x", ()),
        ("postgres", "", ()),
        ("postgres", ":a", ("a",)),
    ],
)
def test_what_is_a_parameter(dialect: Dialect, text: str, names: tuple[str, ...]) -> None:
    assert names_in(text, dialect) == names


def test_every_place_of_a_name_gets_the_value_and_the_rest_stays() -> None:
    text = "select :a, ':a', x:a from t where y = :a and z = :b"
    assert bound(text, "snowflake", {"a": 5}) == "select (5), ':a', x:a from t where y = (5) and z = :b"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (True, "TRUE"),
        (-5, "(-5)"),
        (Decimal("1E+3"), "(1000)"),
        (dt.date(2026, 1, 31), "CAST('2026-01-31' AS DATE)"),
        (
            dt.datetime(2026, 1, 31, 1, tzinfo=dt.timezone(dt.timedelta(hours=2))),
            "CAST('2026-01-30 23:00:00.000000' AS TIMESTAMP)",
        ),
    ],
)
def test_literals(value: Value, said: str) -> None:
    assert literal(value, "postgres") == said


@pytest.mark.parametrize("dialect", ["postgres", "snowflake"])
@given(value=st.text(alphabet=st.characters(exclude_categories=["Cc", "Cs"])) | st.sampled_from(
    ["' or 1=1 --", "\\' or 1=1 --", "\\", "''", "$$", "/*", "*/", "';select 1;'", "\\\\'", "x'/**/"]))  # fmt: skip
def test_a_text_is_one_literal_and_means_itself(dialect: Dialect, value: str) -> None:
    tree = sqlglot.parse_one(bound("select :v as v", dialect, {"v": value}), dialect=dialect)
    found = tree.selects[0].unalias()
    assert isinstance(found, exp.Literal)
    assert (found.is_string, found.this) == (True, value)
