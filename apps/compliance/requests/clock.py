"""By when a person must be answered, each step of the computation shown. Pure.

GDPR, art. 12(3): one month of receipt, three with an extension. Counted by Regulation (EEC, Euratom) No 1182/71,
art. 3: the day of receipt is not counted; the period ends on the same date of the last month, or on that month's last
day if it has no such date; if that is a Saturday, a Sunday or a public holiday, it ends with the next working day.
CCPA: 45 calendar days, 90 with an extension (Cal. Code Regs. tit. 11, § 7021(b)); the first day is excluded and a last
day that is no working day as well (Cal. Civ. Code §§ 10, 11; Code Civ. Proc. § 12a).
"""

import calendar
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from apps.compliance.requests.types import Law

# The name of a public holiday, or nothing: `holidays_of("IE")`.
HolidayName = Callable[[date], str]
WEEKEND = {5: "a Saturday", 6: "a Sunday"}
GDPR_MONTHS, GDPR_MONTHS_EXTENDED = 1, 3
CCPA_DAYS, CCPA_DAYS_EXTENDED = 45, 90


@dataclass(frozen=True)
class ClockStep:
    on: date
    what: str
    rule: str


@dataclass(frozen=True)
class Clock:
    """`due_on` is the last day, in the time zone whose calendar counts; `steps` say how it was reached."""

    due_on: date
    steps: tuple[ClockStep, ...]


def clock(*, law: Law, received_on: date, extended: bool, holiday: HolidayName) -> Clock:
    received = ClockStep(received_on, "received; this day is not counted", RECEIPT_RULE[law])
    if law is Law.GDPR:
        months = GDPR_MONTHS_EXTENDED if extended else GDPR_MONTHS
        last = add_months(received_on, months)
        counted = f"{'one month' if months == 1 else 'three months'} later"
        if last.day != received_on.day:
            counted += f": {last:%B} has no {received_on.day}{ordinal(received_on.day)}, so its last day"
        rule = "GDPR art. 12(3), extended by two months" if extended else "GDPR art. 12(3)"
        period = ClockStep(last, counted, f"{rule}; Reg. 1182/71 art. 3(2)(c)")
    else:
        days = CCPA_DAYS_EXTENDED if extended else CCPA_DAYS
        last = received_on + timedelta(days=days)
        rule = "11 CCR § 7021(b)" + (", extended by 45 days" if extended else "")
        period = ClockStep(last, f"{days} calendar days later", rule)
    moves = working_day(last, holiday, MOVE_RULE[law])
    return Clock(moves[-1].on if moves else last, (received, period, *moves))


RECEIPT_RULE = {Law.GDPR: "Reg. 1182/71 art. 3(1)", Law.CCPA: "Cal. Civ. Code § 10"}
MOVE_RULE = {Law.GDPR: "Reg. 1182/71 art. 3(4)", Law.CCPA: "Cal. Civ. Code § 11; Code Civ. Proc. § 12a"}


def add_months(day: date, months: int) -> date:
    """The same date `months` later, or the last day of a month that has no such date."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def working_day(day: date, holiday: HolidayName, rule: str) -> tuple[ClockStep, ...]:
    """A step for each day that is passed over, and one for the day it ends on; nothing if `day` is a working day."""
    steps = []
    while why := idle(day, holiday):
        day += timedelta(days=1)
        steps.append(ClockStep(day, f"the day before is {why}, so the next day", rule))
    return tuple(steps)


def idle(day: date, holiday: HolidayName) -> str:
    """Why nobody works on that day; empty if somebody does."""
    return WEEKEND.get(day.weekday(), "") or holiday(day)


def ordinal(number: int) -> str:
    if 11 <= number % 100 <= 13:
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")


def day_of(moment: datetime, zone: ZoneInfo) -> date:
    """The day a moment falls on where the calendar counts."""
    return moment.astimezone(zone).date()


def end_of(day: date, zone: ZoneInfo) -> datetime:
    """The end of the last hour of that day: the first moment that is too late."""
    return datetime.combine(day + timedelta(days=1), time(), zone)


def days_left(due_on: date, now: datetime, zone: ZoneInfo) -> int:
    """0 on the last day, negative when it is over."""
    return (due_on - day_of(now, zone)).days
