"""Sorting and filtering a sealed result, against what Python itself would say."""

import datetime as dt
import uuid
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.queries import results
from apps.queries.types import View
from apps.queries.viewing import BadView

NAMES = ["Zoë", "anna", None, "Änne", "50% =x", "anna"]
MOMENTS = [
    dt.datetime(2025, 3, 1, 23, 59, 59, 999_999, tzinfo=dt.UTC),
    None,
    dt.datetime(2025, 3, 2, tzinfo=dt.UTC),
    dt.datetime(2025, 3, 1, tzinfo=dt.UTC),
    None,
    dt.datetime(1969, 1, 1, tzinfo=dt.UTC),
]
COLUMNS: dict[str, pa.Array] = {
    "id": pa.array([1, 2, 3, 4, 5, 6]),
    "name": pa.array(NAMES),
    "amount": pa.array([Decimal("1.50"), Decimal("-2.00"), None, Decimal("10.00"), Decimal("9.99"), Decimal("10.00")]),
    "score": pa.array([0.5, float("nan"), 2.0, None, float("-inf"), 10.0]),
    "at": pa.array(MOMENTS, pa.timestamp("us", "UTC")),
    "day": pa.array([dt.date(2025, 3, 1), None, dt.date(1999, 12, 31), dt.date(2025, 3, 2), None, dt.date(1, 1, 1)]),
    "ok": pa.array([True, None, False, True, False, True]),
    "doc": pa.array(
        [{"a": [2]}, {"a": [1]}, None, {"a": []}, {"a": [10]}, {"a": None}], pa.struct([("a", pa.list_(pa.int64()))])
    ),
    "none": pa.nulls(6),
}
PLACE = {name: number for number, name in enumerate(COLUMNS)}


@pytest.fixture(autouse=True)
def small_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "ROWS_A_GROUP", 2)


@pytest.fixture
def key() -> uuid.UUID:
    found = uuid.uuid4()
    results.write(found, pa.table(COLUMNS).to_batches(), list(COLUMNS), by_name=False)
    return found


def ids(key: uuid.UUID, sort: str = "", *, descending: bool = False, **filters: str) -> list[Any]:
    said = tuple((PLACE[name], text) for name, text in filters.items())
    page = results.read_page(key, 1, 100, View(PLACE.get(sort), descending, said))
    assert page.total == len(page.rows)
    return [row[0] for row in page.rows]


@pytest.mark.parametrize(
    ("column", "ascending", "descending"),
    [
        ("id", [1, 2, 3, 4, 5, 6], [6, 5, 4, 3, 2, 1]),
        ("name", [5, 1, 2, 6, 4, 3], [4, 2, 6, 1, 5, 3]),
        ("amount", [2, 1, 5, 4, 6, 3], [4, 6, 5, 1, 2, 3]),
        ("score", [5, 1, 3, 6, 2, 4], [6, 3, 1, 5, 2, 4]),
        ("at", [6, 4, 1, 3, 2, 5], [3, 1, 4, 6, 2, 5]),
        ("day", [6, 3, 1, 4, 2, 5], [4, 1, 3, 6, 2, 5]),
        ("ok", [3, 5, 1, 4, 6, 2], [1, 4, 6, 3, 5, 2]),
        ("none", [1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6]),
    ],
)
def test_nulls_come_last_and_equals_stay_as_they_came(
    key: uuid.UUID, column: str, ascending: list[int], descending: list[int]
) -> None:
    assert ids(key, column) == ascending
    assert ids(key, column, descending=True) == descending


def test_nested_values_have_an_order(key: uuid.UUID) -> None:
    assert ids(key, "doc")[-1] == 3


def test_infinity_comes_after_all_moments() -> None:
    key = uuid.uuid4()
    days = pa.array([-2_147_472_692, -2_147_472_691, 0, 2_900_000], pa.int32()).cast(pa.date32())
    times = pa.array([-9_222_425_352_054_775_809, -9_222_425_352_054_775_808, 0, 2**60], pa.int64()).cast(
        pa.timestamp("us")
    )
    results.write(key, pa.table({"day": days, "at": times}).to_batches(), ["day", "at"], by_name=False)
    for column in (0, 1):
        page = results.read_page(key, 1, 9, View(column))
        assert [str(row[column])[:9] for row in page.rows] == [
            "-infinity",
            *[str(row[column])[:9] for row in page.rows[1:3]],
            "infinity",
        ]
        assert results.read_page(key, 1, 9, View(filters=((column, ">1969-12-31"),))).total == 3


@pytest.mark.parametrize(
    ("column", "text", "found"),
    [
        ("name", "ANN", [2, 6]),
        ("name", "äNN", [4]),
        ("name", "zOË", [1]),
        ("name", "%", [5]),
        ("name", "=x", []),
        ("name", "=anna", [2, 6]),
        ("name", ".", []),
        ("id", "1", [1]),
        ("id", ">=2", [2, 3, 4, 5, 6]),
        ("id", "<2.5", [1, 2]),
        ("id", "=2.5", []),
        ("id", " > 5 ", [6]),
        ("amount", "10.00", [4, 6]),
        ("amount", "=10", [4, 6]),
        ("amount", "<=-2", [2]),
        ("amount", ">9.989999999999999999", [4, 5, 6]),
        ("score", ">=2", [3, 6]),
        ("score", "10", [6]),
        ("score", "inf", [5]),
        ("at", "=2025-03-01", [1, 4]),
        ("at", ">2025-03-01", [3]),
        ("at", "<=2025-03-01", [1, 4, 6]),
        ("at", "<2025-03-01", [6]),
        ("at", ">=2025-03-01T23:59:59.999999", [1, 3]),
        ("at", "=2025-03-02T01:00:00+01:00", [3]),
        ("at", "23:59", [1]),
        ("day", "=2025-03-01", [1]),
        ("day", ">=2025-03-01", [1, 4]),
        ("day", "-12-", [3]),
        ("ok", "TRUE", [1, 4, 6]),
        ("doc", '"a":[1', [2, 5]),
        ("none", "x", []),
    ],
)
def test_filters(key: uuid.UUID, column: str, text: str, found: list[int]) -> None:
    assert ids(key, **{column: text}) == found


def test_all_filters_have_to_be_met_and_the_rest_is_sorted(key: uuid.UUID) -> None:
    assert ids(key, "amount", descending=True, id=">1", name="a") == [6, 2]


def test_pages_of_what_is_left_lead_to_every_row_once(key: uuid.UUID) -> None:
    arrangement = View(0, True, ((0, ">1"),))
    first, second = (results.read_page(key, number, 3, arrangement) for number in (1, 2))
    assert (first.total, first.next, second.next) == (5, 2, None)
    assert [row[0] for row in first.rows + second.rows] == [6, 5, 4, 3, 2]


@pytest.mark.parametrize(
    ("column", "text"),
    [
        ("id", ">=ten"),
        ("amount", "=1e400"),
        ("id", "=²"),
        ("at", ">yesterday"),
        ("day", "=2025-02-30"),
        ("day", ">2025-03-01T10:00"),
        ("id", ">" + "9" * 80),
    ],
)
def test_a_condition_that_says_nothing_names_its_field(key: uuid.UUID, column: str, text: str) -> None:
    with pytest.raises(BadView) as raised:
        ids(key, **{column: text})
    assert raised.value.field == f"filter.{PLACE[column]}"


LETTERS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=4)


@settings(deadline=None)
@given(st.lists(st.none() | LETTERS, min_size=1, max_size=30), st.booleans())
def test_texts_sort_as_their_code_points(values: list[str | None], descending: bool) -> None:
    key = uuid.uuid4()
    results.write(key, [pa.RecordBatch.from_pydict({"s": pa.array(values, pa.string())})], ["s"], by_name=False)
    rows = [row[0] for row in results.read_page(key, 1, 100, View(0, descending)).rows]
    told = sorted((value for value in values if value is not None), key=str.encode, reverse=descending)
    assert rows == told + [None] * values.count(None)
    results.remove(key)
