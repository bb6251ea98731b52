"""No text begins what a spreadsheet would run, wherever it cuts its cells."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.queries.exports.harmless import harmless

SIGNS = "=+-@＝＋－＠﹢﹣﹦﹫⁺⁻⁼₊₋₌−–—\t\r\n;'\"|,%! \xa0\u2003\u200b\u200e\u2060\ufeff\u3000\x00\x0b\x85\u2028a1é"
TEXTS = st.text(st.sampled_from(SIGNS) | st.characters(codec="utf-8"), max_size=12)


def begins_a_formula(cell: str) -> bool:
    """Written another way than the rule: what is left when all that cannot be seen is taken off the front."""
    seen = re.sub(r"^[\s\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\xad\x00-\x1f\x7f-\x9f]+", "", cell)
    return unicodedata.normalize("NFKC", seen[:1])[:1] in tuple("=+-@−–—‐")


@given(TEXTS)
def test_no_cell_begins_a_formula_whatever_the_separator(text: str) -> None:
    told = harmless(text)
    assert told[:1] not in ("\t", "\r", "\n")
    for cell in re.split(r"[;\t\r\n\v\f\x85\u2028\u2029]", told):
        assert not begins_a_formula(cell)


@given(TEXTS)
def test_nothing_but_apostrophes_is_added_and_nothing_twice(text: str) -> None:
    told = harmless(text)
    assert told.replace("'", "") == text.replace("'", "")
    assert harmless(told) == told


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "Zoë 李",
        "a=b",
        "1-2",
        "ann@example.org",
        "'=1",
        "(+49) 30",
        "***@example.org",
        "2025-01-02",
        "a; b",
        "x\ny",
    ],
)
def test_what_cannot_run_stays_as_it_is(text: str) -> None:
    assert harmless(text) == text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("=1+1", "'=1+1"),
        ("+49 30 1", "'+49 30 1"),
        ("-5", "'-5"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("  =1", "'  =1"),
        ("\t=1", "'\t'=1"),
        ("\rx", "'\rx"),
        ("＝cmd|'/c calc'!A1", "'＝cmd|'/c calc'!A1"),
        ("\ufeff\u200b=1", "'\ufeff\u200b=1"),
        ("a;=1;b", "a;'=1;b"),
        ("a\n- b", "a\n'- b"),
    ],
)
def test_the_rule_as_it_is_told(text: str, told: str) -> None:
    assert harmless(text) == told
