"""Whose holidays and whose midnight count, by law (settings)."""

from datetime import date, datetime
from functools import cache
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone

from apps.compliance.requests.clock import Clock, HolidayName, clock, day_of, days_left, end_of
from apps.compliance.requests.types import Law


@cache
def holidays_of(place: str) -> HolidayName:
    """`IE`, `DE-BY`, `US-CA`: the public holidays of a country or of one of its parts.

    Raises NotImplementedError for a place that the package does not know (a system check asks before anybody does).
    """
    import holidays

    country, _, part = place.partition("-")
    known = holidays.country_holidays(country, subdiv=part or None, language="en_US")

    def name(day: date) -> str:
        return str(known.get(day) or "")

    return name


def zone_of(law: Law) -> ZoneInfo:
    return ZoneInfo(settings.SUBJECT_TIME_ZONES[law])


def clock_for(law: Law, received_on: date, *, extended: bool) -> Clock:
    holiday = holidays_of(settings.SUBJECT_CALENDARS[law])
    return clock(law=law, received_on=received_on, extended=extended, holiday=holiday)


def today(law: Law) -> date:
    return day_of(timezone.now(), zone_of(law))


def due_at(law: Law, due_on: date) -> datetime:
    return end_of(due_on, zone_of(law))


def left(law: Law, due_on: date) -> int:
    return days_left(due_on, timezone.now(), zone_of(law))
