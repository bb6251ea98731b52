"""When something is due: `every 15 minutes`, `every 6 hours`, or five fields of cron in UTC. Plain Python."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

EVERY = re.compile(r"every (\d+) (minute|hour|day)s?")
UNITS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}
# minute, hour, day of month, month, day of week (0 and 7 are Sunday)
BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
# Leap days on a given weekday are the rarest thing cron can say: 40 years apart at most.
HORIZON = timedelta(days=366 * 41)


class BadSchedule(ValueError):
    """The text is not a schedule; the message says what is wrong with it."""


@dataclass(frozen=True)
class Every:
    period: timedelta

    def after(self, moment: datetime) -> datetime:
        return moment + self.period


@dataclass(frozen=True)
class Cron:
    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    # As in cron: when both day fields are restricted, either one may match.
    either_day: bool

    def after(self, moment: datetime) -> datetime:
        found = moment.replace(second=0, microsecond=0) + timedelta(minutes=1)
        end = moment + HORIZON
        while found < end:
            if found.month not in self.months or not self._day(found):
                found = (found + timedelta(days=1)).replace(hour=0, minute=0)
            elif found.hour not in self.hours:
                found = (found + timedelta(hours=1)).replace(minute=0)
            elif found.minute not in self.minutes:
                found += timedelta(minutes=1)
            else:
                return found
        raise BadSchedule("This schedule never comes: no such day exists.")

    def _day(self, moment: datetime) -> bool:
        in_month = moment.day in self.days
        in_week = moment.isoweekday() % 7 in self.weekdays
        return (in_month or in_week) if self.either_day else (in_month and in_week)


Schedule = Every | Cron


def parse(text: str) -> Schedule | None:
    """The schedule a text means, None for an empty one (by hand only). Raises BadSchedule."""
    text = " ".join(text.lower().split())
    if not text:
        return None
    if match := EVERY.fullmatch(text):
        period = int(match[1]) * UNITS[match[2]]
        if not period:
            raise BadSchedule("The period must be longer than nothing.")
        return Every(period)
    fields = text.split(" ")
    if len(fields) != 5:
        raise BadSchedule("Write `every 15 minutes`, or five fields of cron such as `0 2 * * *` (UTC).")
    minutes, hours, days, months, weekdays = (
        _field(value, low, high) for value, (low, high) in zip(fields, BOUNDS, strict=True)
    )
    return Cron(
        minutes,
        hours,
        days,
        months,
        frozenset(day % 7 for day in weekdays),
        either_day="*" not in (fields[2][0], fields[4][0]),
    )


def next_after(text: str, moment: datetime) -> datetime | None:
    schedule = parse(text)
    return schedule.after(moment) if schedule else None


def _field(text: str, low: int, high: int) -> frozenset[int]:
    values: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        first, last = _span(span, low, high, open_ended=bool(step))
        values.update(range(first, last + 1, _number(step, 1, high) if step else 1))
    return frozenset(values)


def _span(text: str, low: int, high: int, *, open_ended: bool) -> tuple[int, int]:
    if text == "*":
        return low, high
    first, dash, last = text.partition("-")
    start = _number(first, low, high)
    if not dash:
        return start, high if open_ended else start
    end = _number(last, low, high)
    if end < start:
        raise BadSchedule(f"`{text}` runs backwards.")
    return start, end


def _number(text: str, low: int, high: int) -> int:
    if not text.isdecimal() or not low <= int(text) <= high:
        raise BadSchedule(f"`{text}` is not a number from {low} to {high}.")
    return int(text)
