from datetime import UTC, datetime

import pytest

from portal.runs.schedule import BadSchedule, next_after

NOW = datetime(2026, 11, 23, 6, 50, 12, tzinfo=UTC)  # a Monday


@pytest.mark.parametrize(
    ("text", "then"),
    [
        ("every 15 minutes", datetime(2026, 11, 23, 7, 5, 12, tzinfo=UTC)),
        ("Every  6 hours", datetime(2026, 11, 23, 12, 50, 12, tzinfo=UTC)),
        ("every 1 day", datetime(2026, 11, 24, 6, 50, 12, tzinfo=UTC)),
        ("* * * * *", datetime(2026, 11, 23, 6, 51, tzinfo=UTC)),
        ("0 * * * *", datetime(2026, 11, 23, 7, 0, tzinfo=UTC)),
        ("*/20 * * * *", datetime(2026, 11, 23, 7, 0, tzinfo=UTC)),
        ("55 6 * * *", datetime(2026, 11, 23, 6, 55, tzinfo=UTC)),
        ("0 2 * * *", datetime(2026, 11, 24, 2, 0, tzinfo=UTC)),
        ("30 9 * * 1-5", datetime(2026, 11, 23, 9, 30, tzinfo=UTC)),
        ("0 0 * * 0", datetime(2026, 11, 29, 0, 0, tzinfo=UTC)),
        ("0 0 * * 7", datetime(2026, 11, 29, 0, 0, tzinfo=UTC)),
        ("0 0 29 2 *", datetime(2028, 2, 29, 0, 0, tzinfo=UTC)),
        ("0 0 1 * 3", datetime(2026, 11, 25, 0, 0, tzinfo=UTC)),  # both day fields: either one
        ("5,10 7-8 * * *", datetime(2026, 11, 23, 7, 5, tzinfo=UTC)),
        ("", None),
    ],
)
def test_the_next_moment(text: str, then: datetime | None) -> None:
    assert next_after(text, NOW) == then


@pytest.mark.parametrize(
    "text",
    ["hourly", "every 0 minutes", "60 * * * *", "* * * *", "5-1 * * * *", "x * * * *", "*/0 * * * *", "0 0 31 2 *"],
)
def test_what_is_no_schedule_says_so(text: str) -> None:
    with pytest.raises(BadSchedule):
        next_after(text, NOW)
