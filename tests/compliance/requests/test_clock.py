"""Days by which a person must be answered: received, law -> due, each pair checked by hand against the calendar."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from pytest_django.fixtures import Settings

from apps.compliance.requests import calendars
from apps.compliance.requests.clock import Clock, add_months, clock, day_of, days_left, end_of
from apps.compliance.requests.types import Law
from portal.checks import calendars as check

IRELAND, GERMANY, CALIFORNIA = "IE", "DE", "US-CA"


def counted(law: Law, received: str, place: str, *, extended: bool = False) -> Clock:
    holiday = calendars.holidays_of(place)
    return clock(law=law, received_on=date.fromisoformat(received), extended=extended, holiday=holiday)


@pytest.mark.parametrize(
    ("received", "due", "why"),
    [
        ("2026-02-10", "2026-03-10", "the same date of the next month, a Tuesday"),
        ("2026-01-31", "2026-03-02", "February has no 31st: Saturday the 28th, then Monday"),
        ("2024-01-31", "2024-02-29", "a leap year's last day of February, a Thursday"),
        ("2023-01-31", "2023-02-28", "no leap year, a Tuesday"),
        ("2024-02-29", "2024-03-29", "Good Friday is no public holiday in Ireland"),
        ("2026-03-31", "2026-04-30", "April has 30 days"),
        ("2026-05-31", "2026-06-30", "June has 30 days"),
        ("2026-08-31", "2026-09-30", "the example of the EDPB's guidelines 01/2022, 31 August to 30 September"),
        ("2026-03-05", "2026-04-07", "a Sunday, then Easter Monday, then Tuesday"),
        ("2026-03-03", "2026-04-03", "Good Friday is worked in Ireland"),
        ("2026-11-25", "2026-12-28", "Christmas Day, St Stephen's Day on a Saturday, Sunday, then Monday"),
        ("2026-12-01", "2027-01-04", "New Year's Day on a Friday, then the weekend"),
        ("2026-12-31", "2027-02-02", "Sunday the 31st, St Brigid's Day on Monday, then Tuesday"),
        ("2026-02-17", "2026-03-18", "St Patrick's Day"),
    ],
)
def test_gdpr_in_ireland(received: str, due: str, why: str) -> None:
    assert str(counted(Law.GDPR, received, IRELAND).due_on) == due, why


@pytest.mark.parametrize(
    ("received", "due", "why"),
    [
        ("2026-03-03", "2026-04-07", "Good Friday, weekend, Easter Monday: four days passed over"),
        ("2026-04-01", "2026-05-04", "Labour Day on a Friday"),
        ("2026-09-03", "2026-10-05", "German Unity Day on a Saturday"),
        ("2026-11-25", "2026-12-28", "both days of Christmas, the second a Saturday"),
        ("2026-04-14", "2026-05-15", "Ascension Day, then Friday is worked"),
    ],
)
def test_gdpr_in_germany(received: str, due: str, why: str) -> None:
    assert str(counted(Law.GDPR, received, GERMANY).due_on) == due, why


def test_the_state_decides_where_a_holiday_is_only_kept_there() -> None:
    assert str(counted(Law.GDPR, "2026-05-04", "DE").due_on) == "2026-06-04"  # Corpus Christi
    assert str(counted(Law.GDPR, "2026-05-04", "DE-BY").due_on) == "2026-06-05"


@pytest.mark.parametrize(
    ("received", "due", "why"),
    [
        ("2026-01-05", "2026-02-19", "45 days, a Thursday"),
        ("2026-05-20", "2026-07-06", "4 July on a Saturday is observed on Friday; due on Saturday, then Monday"),
        ("2026-05-19", "2026-07-06", "due on Friday 3 July, when 4 July is observed"),
        ("2025-05-20", "2025-07-07", "4 July itself, a Friday, then the weekend"),
        ("2026-11-10", "2026-12-28", "Christmas Day, a Friday"),
        ("2026-10-12", "2026-11-30", "Thanksgiving, the day after, which California keeps, too, and the weekend"),
        ("2024-01-16", "2024-03-01", "through a leap day"),
        ("2023-01-16", "2023-03-02", "without one"),
        ("2026-02-14", "2026-04-01", "César Chávez Day"),
    ],
)
def test_ccpa_in_california(received: str, due: str, why: str) -> None:
    assert str(counted(Law.CCPA, received, CALIFORNIA).due_on) == due, why


@pytest.mark.parametrize(
    ("law", "received", "place", "due"),
    [
        (Law.GDPR, "2026-01-31", IRELAND, "2026-04-30"),
        (Law.GDPR, "2025-11-30", IRELAND, "2026-03-02"),  # 28 February is a Saturday
        (Law.GDPR, "2026-02-10", IRELAND, "2026-05-11"),  # a Sunday
        (Law.CCPA, "2026-01-05", CALIFORNIA, "2026-04-06"),  # 90 days: a Sunday
    ],
)
def test_an_extension_counts_from_receipt(law: Law, received: str, place: str, due: str) -> None:
    assert str(counted(law, received, place, extended=True).due_on) == due


def test_each_day_that_is_passed_over_is_a_step_with_its_reason_and_rule() -> None:
    steps = counted(Law.GDPR, "2026-03-05", IRELAND).steps
    assert [str(step.on) for step in steps] == ["2026-03-05", "2026-04-05", "2026-04-06", "2026-04-07"]
    assert "not counted" in steps[0].what
    assert steps[1].what == "one month later"
    assert "a Sunday" in steps[2].what
    assert "Easter Monday" in steps[3].what
    assert all("1182/71" in step.rule for step in steps)
    short = counted(Law.GDPR, "2023-01-31", IRELAND).steps
    assert short[1].what == "one month later: February has no 31st, so its last day"


def test_months_end_where_they_end() -> None:
    assert add_months(date(2026, 12, 31), 2) == date(2027, 2, 28)
    assert add_months(date(2026, 10, 31), 1) == date(2026, 11, 30)
    assert add_months(date(2026, 11, 15), 1) == date(2026, 12, 15)


def test_the_day_is_that_of_the_place_whose_calendar_counts() -> None:
    late = datetime(2026, 3, 31, 23, 30, tzinfo=UTC)
    assert day_of(late, ZoneInfo("Europe/Dublin")) == date(2026, 4, 1)
    assert day_of(late, ZoneInfo("America/Los_Angeles")) == date(2026, 3, 31)


def test_the_last_day_ends_at_its_own_midnight_also_when_clocks_change() -> None:
    dublin, pacific = ZoneInfo("Europe/Dublin"), ZoneInfo("America/Los_Angeles")
    assert end_of(date(2026, 1, 15), dublin) == datetime(2026, 1, 16, 0, 0, tzinfo=UTC)
    assert end_of(date(2026, 6, 15), dublin) == datetime(2026, 6, 15, 23, 0, tzinfo=UTC)
    assert end_of(date(2026, 3, 8), pacific) == datetime(2026, 3, 9, 7, 0, tzinfo=UTC)  # the night it changes


def test_days_left_are_those_of_the_calendar_and_not_of_24_hours() -> None:
    pacific = ZoneInfo("America/Los_Angeles")
    evening = datetime(2026, 6, 15, 6, 59, tzinfo=UTC)  # the 14th, 23:59 there
    assert days_left(date(2026, 6, 15), evening, pacific) == 1
    assert days_left(date(2026, 6, 15), datetime(2026, 6, 15, 7, 1, tzinfo=UTC), pacific) == 0
    assert days_left(date(2026, 6, 15), datetime(2026, 6, 16, 7, 1, tzinfo=UTC), pacific) == -1


def test_a_calendar_nobody_knows_stops_the_start(settings: Settings) -> None:
    assert check() == []
    settings.SUBJECT_CALENDARS = {"gdpr": "XX", "ccpa": "US-CA"}
    assert [message.id for message in check()] == ["portico.E008"]
    settings.SUBJECT_CALENDARS = {"gdpr": "IE", "ccpa": "US-XX"}
    assert [message.id for message in check()] == ["portico.E008"]
    settings.SUBJECT_CALENDARS = {"gdpr": "IE", "ccpa": "US-CA"}
    settings.SUBJECT_TIME_ZONES = {"gdpr": "Europe/Nowhere", "ccpa": "America/Los_Angeles"}
    assert [message.id for message in check()] == ["portico.E008"]
