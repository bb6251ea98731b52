"""Every mask gives the same answer in Python, in each SQL and in MongoDB."""

import datetime as dt
import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings as django
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.compliance.policy.masks.mongo import mask_scalar
from apps.compliance.policy.masks.mongo_keyed import key_name, key_stages
from apps.compliance.policy.masks.python import mask_value
from apps.compliance.policy.masks.sql import mask_column
from apps.compliance.policy.types import MaskKind
from portal.sql.parse import Dialect
from portal.stores import open_store
from portal.stores.types import Documents, Sql
from portal.tokens.keys import derived
from tests.policy.masks import MASKS, Mask, named, some

TIMES = named(some(MaskKind.CLEAR, MaskKind.YEAR, MaskKind.DATE, MaskKind.NULL, MaskKind.REDACT))
COUNTED = named(some(MaskKind.CLEAR, MaskKind.BUCKET, MaskKind.NOISE, MaskKind.TOKEN, MaskKind.NULL, MaskKind.INITIALS))
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
            "DE89 3704 0044 0532 0130 00",
            "no93 8601 1117 947",
            "XX00",
            "3714 496353 98431",
            "Zoë  van der Berg ",
            " 李 小龍",
            "2024-02-29T23:59:59Z",
            "2024-02-29",
            "2024-02-29-1",
            "2024-02-29\n",
            "2024-02",
            "\uff11\uff19\uff19\uff10-01",
            "\u00e9 e\u0301",
            "x" * 5000,
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
    if isinstance(value, float) and math.isfinite(value):
        return f"CAST({value!r} AS {kind})"
    text = str(value).replace("'", "''").replace("\\", "\\\\" if kind == "VARCHAR" else "\\")
    return f"CAST('{text}' AS {kind})"


def by_sql(source: str, dialect: Dialect, kind: str, mask: Mask, values: Sequence[object]) -> list[Any]:
    """Of a column with this type; the answer in the order of the values."""
    column = "c" if dialect == "postgres" else "C"
    expression = mask_column(mask[0], column, kind, dialect, mask[1]).sql(dialect)
    quoted = f'"{column}"'
    rows = " UNION ALL ".join(
        f'SELECT {number} AS "n", {literal(value, kind)} AS {quoted}' for number, value in enumerate(values)
    )
    statement = f'SELECT {expression} AS "m" FROM ({rows}) AS t ORDER BY "n"'
    with open_store(source, "gate").read(Sql(statement)) as found:
        return [value for batch in found for value in batch.column(0).to_pylist()]


def by_mongo(mask: Mask, values: Sequence[object]) -> list[Any]:
    name = key_name(*mask)
    pipeline = (
        {"$limit": 1},
        {"$project": {"v": {"$literal": [{"x": value} for value in values]}}},
        {"$unwind": "$v"},
        *key_stages([name] if name else []),
        {"$replaceWith": {"out": mask_scalar(mask[0], "$v.x", mask[1])}},
    )
    with open_store("documents", "gate").read(Documents("masks", pipeline)) as found:
        return [value for batch in found for value in batch.column(0).to_pylist()]


def key_of(name: str) -> bytes:
    return derived(django.TOKEN_KEY, name)


def expected(mask: Mask, values: Sequence[object]) -> list[Any]:
    return [mask_value(mask[0], value, mask[1], key_of) for value in values]


@pytest.mark.parametrize("mask", named(MASKS))
@quick
@given(values=TEXTS)
def test_postgres_masks_text_as_python_does(mask: Mask, values: list[str | None]) -> None:
    assert by_sql("oltp", "postgres", "TEXT", mask, values) == expected(mask, values)


@pytest.mark.parametrize("mask", TIMES)
@quick
@given(moments=MOMENTS, dates=DATES)
def test_postgres_masks_times_as_python_does(mask: Mask, moments: list[Any], dates: list[Any]) -> None:
    assert by_sql("oltp", "postgres", "TIMESTAMPTZ", mask, moments) == expected(mask, moments)
    assert by_sql("oltp", "postgres", "DATE", mask, dates) == expected(mask, dates)


@pytest.mark.parametrize("mask", named(MASKS))
@quick
@given(values=TEXTS)
def test_snowflake_masks_text_as_python_does(warehouse: None, mask: Mask, values: list[str | None]) -> None:
    assert by_sql("warehouse", "snowflake", "VARCHAR", mask, values) == expected(mask, values)


@pytest.mark.parametrize("mask", TIMES)
@quick
@given(moments=MOMENTS, dates=DATES)
def test_snowflake_masks_times_as_python_does(
    warehouse: None, mask: Mask, moments: list[Any], dates: list[Any]
) -> None:
    assert by_sql("warehouse", "snowflake", "TIMESTAMP_TZ", mask, moments) == expected(mask, moments)
    assert by_sql("warehouse", "snowflake", "DATE", mask, dates) == expected(mask, dates)


@pytest.fixture(scope="module")
def documents(mongo: None) -> None:
    from portal.stores.types import Command

    open_store("documents", "owner").execute(Command({"insert": "masks", "documents": [{"only": "one"}]}))


@pytest.mark.parametrize("mask", named(MASKS))
@quick
@given(values=TEXTS)
def test_mongo_masks_text_as_python_does(documents: None, mask: Mask, values: list[str | None]) -> None:
    assert by_mongo(mask, values) == expected(mask, values)


@pytest.mark.parametrize("mask", TIMES)
@quick
@given(moments=MOMENTS)
def test_mongo_masks_times_as_python_does(documents: None, mask: Mask, moments: list[Any]) -> None:
    assert by_mongo(mask, moments) == expected(mask, moments)


WHOLE = st.lists(
    st.none()
    | st.integers(-(2**63), 2**63 - 1)
    | st.integers(-1000, 1000)
    | st.sampled_from([0, -1, 10**15, -(10**15)]),
    min_size=10,
    max_size=30,
)
DECIMALS = st.lists(
    st.none() | st.decimals(-(10**16), 10**16, places=2, allow_nan=False) | st.decimals(-300, 300, places=2),
    min_size=10,
    max_size=30,
)
FLOATS = st.lists(
    st.none()
    | st.floats(width=64)
    | st.floats(-1000, 1000)
    | st.sampled_from([-0.0, 99.99999999999999, 5e-324, -5e-324, 1e15, -999999999999999.9]),
    min_size=10,
    max_size=30,
)


WHOLE_TYPES = {"oltp": ("BIGINT", "NUMERIC(20,0)"), "warehouse": ("NUMBER(38,0)", "NUMBER(20,0)")}
PART_TYPES = {"oltp": ("NUMERIC(20,2)", "NUMERIC"), "warehouse": ("NUMBER(20,2)",)}
DIALECTS: dict[str, Dialect] = {"oltp": "postgres", "warehouse": "snowflake"}


@pytest.mark.parametrize("source", DIALECTS)
@pytest.mark.parametrize("mask", COUNTED)
@quick
@given(whole=WHOLE, parts=DECIMALS)
def test_sql_masks_numbers_as_python_does(
    warehouse: None, source: str, mask: Mask, whole: list[Any], parts: list[Any]
) -> None:
    for types, values in ((WHOLE_TYPES, whole), (PART_TYPES, parts)):
        for kind in types[source]:
            found = by_sql(source, DIALECTS[source], kind, mask, values)
            # Numbers by value: a store may answer with a wider type than it was given.
            shown = found if mask[0] is MaskKind.TOKEN else [None if v is None else Decimal(v) for v in found]
            assert shown == expected(mask, values)


@pytest.mark.parametrize("mask", named(some(MaskKind.BUCKET, MaskKind.NOISE, MaskKind.TOKEN)))
@quick
@given(values=FLOATS)
def test_floats_are_masked_alike_everywhere(documents: None, warehouse: None, mask: Mask, values: list[Any]) -> None:
    wanted = expected(mask, values)
    assert by_sql("oltp", "postgres", "DOUBLE PRECISION", mask, values) == wanted
    assert by_sql("warehouse", "snowflake", "FLOAT", mask, values) == wanted
    assert by_mongo(mask, values) == wanted


@pytest.mark.parametrize("mask", COUNTED)
@quick
@given(values=WHOLE)
def test_mongo_masks_numbers_as_python_does(documents: None, mask: Mask, values: list[Any]) -> None:
    assert by_mongo(mask, values) == expected(mask, values)


def test_small_and_odd_numbers_of_postgres() -> None:
    for mask in some(MaskKind.BUCKET, MaskKind.NOISE):
        ends = [-32768, 32767, 0]
        assert by_sql("oltp", "postgres", "SMALLINT", mask, ends) == expected(mask, ends)
        assert by_sql("oltp", "postgres", "NUMERIC(5,0)", mask, ["NaN"]) == [None]
    assert by_sql("oltp", "postgres", "NUMERIC(5,0)", some(MaskKind.TOKEN)[0], ["NaN"]) == [None]


@pytest.mark.parametrize("mask", named([mask for mask in MASKS if mask[0] is not MaskKind.CLEAR]))
def test_of_a_value_of_another_kind_nothing_is_left(documents: None, mask: Mask) -> None:
    kind, options = mask
    numbers = kind in (MaskKind.BUCKET, MaskKind.NOISE, MaskKind.TOKEN)
    odd: list[Any] = [True, {"a": "x"}, ["x"], *([] if numbers else [5, 2.5])]
    assert by_mongo(mask, odd) == [None] * len(odd)
    assert [mask_value(kind, value, options, key_of) for value in odd] == [None] * len(odd)
    for type_ in ("BOOLEAN", "UUID", *(() if numbers else ("BIGINT", "NUMERIC(9,2)"))):
        column = mask_column(kind, "c", type_, "postgres", options).sql("postgres")
        assert column.startswith("CAST(NULL AS ")


@pytest.mark.parametrize("kind", ["bigint", "numeric(9,2)", "jsonb", "text[]", "mood", "uuid", "bytea"])
def test_a_masked_column_keeps_its_type_where_it_has_one(kind: str) -> None:
    text = mask_column(MaskKind.NULL, "c", kind, "postgres").sql("postgres")
    assert text.startswith("CAST(NULL AS ")
    assert ("TEXT" in text) is (kind in {"mood", "text[]"})
