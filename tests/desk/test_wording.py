import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.utils import timezone

from portal.accounts.demo import DEMO_PEOPLE
from portal.desk import wording
from portal.desk.templatetags.portico import breakable
from portal.desk.trail import Line
from portal.embedded.home import BASE
from portal.runs.types import State


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1234567, "1,234,567"),
        ("1234.5", "1,234.5"),
        (None, "\u2013"),
        ("", "\u2013"),
        ("x", "\u2013"),
        (0, "0"),
        (True, "\u2013"),
    ],
)
def test_grouped(value: object, text: str) -> None:
    assert wording.grouped(value) == text


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (123456, "EUR", "1,234.56 EUR"),
        (123456, "jpy", "123,456 JPY"),
        (123456, "KWD", "123.456 KWD"),
        (-5, "USD", "-0.05 USD"),
        (10**18, "USD", "10,000,000,000,000,000.00 USD"),
        (Decimal(7), "EUR", "0.07 EUR"),
        (None, "EUR", "\u2013"),
    ],
)
def test_money(minor: object, currency: str, text: str) -> None:
    assert wording.money(minor, currency) == text


@pytest.mark.parametrize(
    ("ago", "text"),
    [
        (timedelta(seconds=2), "just now"),
        (timedelta(seconds=40), "40 s ago"),
        (timedelta(minutes=4, seconds=3), "4 min ago"),
        (timedelta(hours=-5, seconds=-3), "in 5 h"),
        (timedelta(days=-9, seconds=-3), "in 9 d"),
    ],
)
def test_relative(ago: timedelta, text: str) -> None:
    assert wording.relative(timezone.now() - ago) == text


def test_moments_far_away_and_exact() -> None:
    at = datetime(2020, 2, 3, 4, 5, 6, tzinfo=UTC)
    assert wording.relative(at) == "3 Feb 2020"
    assert wording.exact(at) == "3 Feb 2020, 04:05:06 UTC"
    assert wording.relative(None) == "never"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.42, "0.4 s"), (38.6, "38 s"), (125, "2 min 05 s"), (4320, "1 h 12 min"), (None, "\u2013")]
)
def test_duration(seconds: object, text: str) -> None:
    assert wording.duration(seconds) == text


@pytest.mark.parametrize("state", list(State))
def test_every_state_of_a_run_has_its_shape(state: State) -> None:
    assert wording.state_icon(state) == state.value


def test_words() -> None:
    assert wording.last_word("user.financial.credit_card") == "credit card"
    assert wording.initials("Ana Maria Alvarez") == "AM"
    assert wording.initials("ana") == "An"
    assert wording.state_icon("odd") == "dot"
    assert wording.short_id("0123456789abcdef") == "01234567…"


def test_two_demo_people_never_have_the_same_avatar() -> None:
    """Neither the letters, for whoever sees no colours, nor the colours."""
    names = [person.username for person in DEMO_PEOPLE]
    assert len({wording.initials(name) for name in names}) == len(names)
    for one, other in itertools.combinations(names, 2):
        assert wording.tone(one) != wording.tone(other) or one[0] != other[0]
    sheet = (BASE / "frontend" / "css" / "frame.css").read_text()
    assert all(f".avatar--{tone}," in sheet for tone in range(wording.TONES))


@pytest.mark.parametrize(
    ("unit", "number", "said"),
    [("rows", 1, "row"), ("rows", 0, "rows"), ("rows", "1", "row"), ("rows", None, "rows"), ("", 1, "")],
)
def test_one_row_is_no_rows(unit: str, number: object, said: str) -> None:
    assert wording.unit_of(unit, number) == said


def test_a_long_name_breaks_behind_its_dots_and_nothing_of_it_is_markup() -> None:
    assert breakable("STG_CHARGES.<b>") == "STG_<wbr>CHARGES.<wbr>&lt;b&gt;"


def test_the_trail_speaks_of_things_as_people_do() -> None:
    line = Line(
        id=uuid4(), at=timezone.now(), who="olga", is_person=True, area="compliance", did="search started",
        kind="subject_request", picture="request", target_id="1", target="erasure request",
    )  # fmt: skip
    assert line.sentence == "request search started"
    assert replace(line, did="request opened").sentence == "request opened"
    assert replace(line, kind="registeredmodel", did="alias set").sentence == "model alias set"
