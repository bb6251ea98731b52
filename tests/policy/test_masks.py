"""Every mask gives the same answer in Python, in each SQL and in MongoDB."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.compliance.policy.masks.mongo import mask_scalar
from apps.compliance.policy.masks.python import mask_value
from apps.compliance.policy.masks.sql import mask_column
from apps.compliance.policy.types import MaskKind
from portal.sql.parse import Dialect
from portal.stores import open_store
from portal.stores.types import Documents, Sql

KINDS = list(MaskKind)
# The emulator takes $NAME for a session variable even inside quotes.
NO_NUL = st.characters(exclude_characters="\0$", exclude_categories=("Cs",))
SHAPES = st.one_of(
    st.none(),
    st.text(NO_NUL, max_size=20),
    st.emails().map(lambda text: text.replace("$", "!")),
    st.text("0123456789+- ()", max_size=22),
    st.from_regex(r"\A[0-9]{4}-[0-9]{2}", fullmatch=True),
    st.sampled_from(
        [
            "",
            "@",
            "@@",
            "a@",
            "@b",
            "zoë@exämple.org",
            "李@例え.jp",
            "a@b@c",
            "4242 4242 4242 4242",
            "4242",
            "424242",
            "'--",
        ]
    ),
)
TEXTS = st.lists(SHAPES, min_size=25, max_size=60)
MOMENTS = st.lists(
    st.none()
    | st.datetimes(dt.datetime(1900, 1, 1), dt.datetime(2100, 12, 31)).map(  # noqa: DTZ001 - the zone follows
        lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000, tzinfo=dt.UTC)
    ),
    min_size=10,
    max_size=20,
)
DATES = st.lists(st.none() | st.dates(dt.date(1900, 1, 1), dt.date(2100, 12, 31)), min_size=10, max_size=20)
quick = settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))


def literal(value: object, kind: str) -> str:
    if value is None:
        return f"CAST(NULL AS {kind})"
    text = str(value).replace("'", "''").replace("\\", "\\\\" if kind == "VARCHAR" else "\\")
    return f"CAST('{text}' AS {kind})"


def by_sql(source: str, dialect: Dialect, kind: str, mask: MaskKind, values: Sequence[object]) -> list[Any]:
    """Of a column with this type; the answer in the order of the values."""
    column = "c" if dialect == "postgres" else "C"
    expression = mask_column(mask, column, kind, dialect).sql(dialect)
    quoted = f'"{column}"'
    rows = " UNION ALL ".join(
        f'SELECT {number} AS "n", {literal(value, kind)} AS {quoted}' for number, value in enumerate(values)
    )
    statement = f'SELECT {expression} AS "m" FROM ({rows}) AS t ORDER BY "n"'
    with open_store(source, "loader").read(Sql(statement)) as found:
        return [value for batch in found for value in batch.column(0).to_pylist()]


def by_mongo(mask: MaskKind, values: Sequence[object]) -> list[Any]:
    pipeline = (
        {"$limit": 1},
        {"$project": {"v": {"$literal": [{"x": value} for value in values]}}},
        {"$unwind": "$v"},
        {"$replaceWith": {"out": mask_scalar(mask, "$v.x")}},
    )
    with open_store("documents", "loader").read(Documents("masks", pipeline)) as found:
        return [value for batch in found for value in batch.column(0).to_pylist()]


def expected(mask: MaskKind, values: Sequence[object]) -> list[Any]:
    return [mask_value(mask, value) for value in values]


@pytest.mark.parametrize("mask", KINDS)
@quick
@given(values=TEXTS)
def test_postgres_masks_text_as_python_does(mask: MaskKind, values: list[str | None]) -> None:
    assert by_sql("oltp", "postgres", "TEXT", mask, values) == expected(mask, values)


@pytest.mark.parametrize("mask", [MaskKind.CLEAR, MaskKind.YEAR, MaskKind.NULL, MaskKind.REDACT])
@quick
@given(moments=MOMENTS, dates=DATES)
def test_postgres_masks_times_as_python_does(mask: MaskKind, moments: list[Any], dates: list[Any]) -> None:
    assert by_sql("oltp", "postgres", "TIMESTAMPTZ", mask, moments) == expected(mask, moments)
    assert by_sql("oltp", "postgres", "DATE", mask, dates) == expected(mask, dates)


@pytest.mark.parametrize("mask", KINDS)
@quick
@given(values=TEXTS)
def test_snowflake_masks_text_as_python_does(warehouse: None, mask: MaskKind, values: list[str | None]) -> None:
    assert by_sql("warehouse", "snowflake", "VARCHAR", mask, values) == expected(mask, values)


@pytest.mark.parametrize("mask", [MaskKind.CLEAR, MaskKind.YEAR, MaskKind.NULL, MaskKind.REDACT])
@quick
@given(moments=MOMENTS, dates=DATES)
def test_snowflake_masks_times_as_python_does(
    warehouse: None, mask: MaskKind, moments: list[Any], dates: list[Any]
) -> None:
    assert by_sql("warehouse", "snowflake", "TIMESTAMP_TZ", mask, moments) == expected(mask, moments)
    assert by_sql("warehouse", "snowflake", "DATE", mask, dates) == expected(mask, dates)


@pytest.fixture(scope="module")
def documents(mongo: None) -> None:
    from portal.stores.types import Command

    open_store("documents", "owner").execute(Command({"insert": "masks", "documents": [{"only": "one"}]}))


@pytest.mark.parametrize("mask", KINDS)
@quick
@given(values=TEXTS)
def test_mongo_masks_text_as_python_does(documents: None, mask: MaskKind, values: list[str | None]) -> None:
    assert by_mongo(mask, values) == expected(mask, values)


@pytest.mark.parametrize("mask", [MaskKind.CLEAR, MaskKind.YEAR, MaskKind.NULL, MaskKind.REDACT])
@quick
@given(moments=MOMENTS)
def test_mongo_masks_times_as_python_does(documents: None, mask: MaskKind, moments: list[Any]) -> None:
    assert by_mongo(mask, moments) == expected(mask, moments)


@pytest.mark.parametrize("mask", [kind for kind in KINDS if kind is not MaskKind.CLEAR])
def test_of_a_value_of_another_kind_nothing_is_left(documents: None, mask: MaskKind) -> None:
    odd: list[Any] = [5, 2.5, True, {"a": "x"}, ["x"]]
    assert by_mongo(mask, odd) == [None] * len(odd)
    assert [mask_value(mask, value) for value in odd] == [None] * len(odd)
    for kind in ("BIGINT", "NUMERIC(9,2)", "BOOLEAN", "UUID"):
        column = mask_column(mask, "c", kind, "postgres").sql("postgres")
        assert column.startswith("CAST(NULL AS ")


@pytest.mark.parametrize("kind", ["bigint", "numeric(9,2)", "jsonb", "text[]", "mood", "uuid", "bytea"])
def test_a_masked_column_keeps_its_type_where_it_has_one(kind: str) -> None:
    text = mask_column(MaskKind.NULL, "c", kind, "postgres").sql("postgres")
    assert text.startswith("CAST(NULL AS ")
    assert ("TEXT" in text) is (kind in {"mood", "text[]"})
