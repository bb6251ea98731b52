"""What a mask says that it leaks is what it leaks: no more by the key, and no less."""

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.compliance.policy.masks.leaks import SENTENCES, leaks
from apps.compliance.policy.masks.python import mask_value
from apps.compliance.policy.types import MaskKind

VALUES: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.text(max_size=12),
    st.text("ab@.", max_size=4),
    st.text("0123456789 -", max_size=20),
    st.from_regex(r"\A20[0-2][0-9]-0[1-9](-0[1-9])?", fullmatch=True),
    st.integers(-300, 300),
    st.booleans(),
    st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(1993, 1, 1), timezones=st.just(dt.UTC)),  # noqa: DTZ001
    st.dates(dt.date(1990, 1, 1), dt.date(1993, 1, 1)),
)
COLUMNS = st.lists(VALUES, min_size=2, max_size=40)


@pytest.mark.parametrize("kind", list(MaskKind))
@given(values=COLUMNS)
def test_values_with_one_key_have_one_masked_form(kind: MaskKind, values: list[Any]) -> None:
    shown: dict[object, str] = {}
    for value in values:
        masked = repr(mask_value(kind, value))
        assert shown.setdefault(leaks(kind, value), masked) == masked


def test_every_mask_says_what_it_leaks() -> None:
    assert set(SENTENCES) == set(MaskKind)
