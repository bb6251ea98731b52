"""What a mask says that it leaks is what it leaks: no more by the key, and no less."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.compliance.policy.masks.leaks import NOTHING, SENTENCES, classes, leaks
from apps.compliance.policy.masks.python import mask_value
from apps.compliance.policy.types import MaskKind
from tests.policy.masks import MASKS, Mask, named, of_zeros

VALUES: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.text(max_size=12),
    st.text("ab@.", max_size=4),
    st.text("0123456789 -", max_size=20),
    st.from_regex(r"\A20[0-2][0-9]-0[1-9](-0[1-9])?", fullmatch=True),
    st.from_regex(r"\AGB[0-9]{14,15}", fullmatch=True),
    st.text("ab ", max_size=6),
    st.integers(-300, 300),
    st.integers(10**15 - 2, 10**15 + 2),
    st.floats(-300, 300),
    st.decimals(-300, 300, places=1),
    st.sampled_from([float("nan"), float("inf"), Decimal("NaN"), Decimal("5"), Decimal("5E+1")]),
    st.booleans(),
    st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(1993, 1, 1), timezones=st.just(dt.UTC)),  # noqa: DTZ001
    st.dates(dt.date(1990, 1, 1), dt.date(1993, 1, 1)),
)
# Some that differ in one part and agree in the others, which chance seldom makes.
PARTS = [
    *(
        f"{bin_}{middle}{end}"
        for bin_ in ("424242", "555555")
        for middle in ("000000", "111111")
        for end in ("4242", "1881")
    ),
    *(f"{bin_}0{end}" for bin_ in ("424242", "555555") for end in ("4242", "1881")),
    *(f"{country}89 3704 0044 0532 {end}" for country in ("DE", "FR") for end in ("0130 00", "0131 11")),
    *(f"{local}@{domain}" for local in ("ann", "bob@b") for domain in ("a.test", "b.test", "")),
    *(f"+49 {number}" for number in ("1234567", "7654367", "1234568", "12", "32")),
    *(f"{first} {middle}{last}" for first in ("Ann", "Bob") for middle in ("", "van ") for last in ("Almond", "Berg")),
    *(
        f"{day}{rest}"
        for day in ("2024-02-28", "2024-02-29", "2024-05-01", "2025-02-28")
        for rest in ("", "T10", " 11", "-1")
    ),
    *(dt.date(2024, month, day) for month in (1, 2, 5) for day in (1, 7, 8, 28)),
    *(
        dt.datetime(2024, month, day, hour, tzinfo=dt.UTC)
        for month in (1, 2, 5)
        for day in (1, 7, 8)
        for hour in (0, 23)
    ),
    dt.date(2023, 12, 31),
    dt.date(2025, 2, 1),
    *(kind(number) for kind in (int, float, Decimal) for number in (-101, -100, -1, 0, 1, 99, 100, 101)),
    *map(str, (0, 100, -1)),
    "Ann",
    "Ann ",
    None,
]
COLUMNS = st.lists(VALUES, min_size=2, max_size=40) | st.permutations(PARTS)


@pytest.mark.parametrize("mask", named(MASKS))
@given(values=COLUMNS)
def test_values_with_one_key_have_one_masked_form(mask: Mask, values: list[Any]) -> None:
    shown: dict[object, str] = {}
    for value in values:
        masked = repr(mask_value(mask[0], value, mask[1], of_zeros))
        assert shown.setdefault(leaks(mask[0], value, mask[1]), masked) == masked


@pytest.mark.parametrize("mask", named([mask for mask in MASKS if mask[0] is not MaskKind.NOISE]))
@given(values=COLUMNS)
def test_what_is_said_to_leak_leaks(mask: Mask, values: list[Any]) -> None:
    """A key that tells more than the mask would let a proof vary less than it might."""
    keys: dict[str, object] = {}
    for value in values:
        masked = repr(mask_value(mask[0], value, mask[1], of_zeros))
        key = leaks(mask[0], value, mask[1])
        assert keys.setdefault(masked, key) == key


def test_a_column_of_tokens_is_known_by_which_rows_are_equal() -> None:
    one = classes(MaskKind.TOKEN, ["ann", "bob", "ann", None, 5, "5"])
    other = classes(MaskKind.TOKEN, ["cy", "dora", "cy", 1.5, "6", 6])
    assert one == other == (0, 1, 0, NOTHING, 4, 4)
    assert classes(MaskKind.YEAR, ["1990-01", "1990-02"]) == (("year", "1990"),) * 2


def test_every_mask_says_what_it_leaks() -> None:
    assert set(SENTENCES) == set(MaskKind)
