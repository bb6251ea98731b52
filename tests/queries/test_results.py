"""What a query brings back, written and read again: moments outside Python's calendar, and answers that are too big."""

import uuid
from typing import Any

import pytest

from apps.compliance import gate
from apps.queries import results
from apps.queries.types import Page
from portal.accounts.models import User
from portal.accounts.types import Purpose

SOURCES = ("oltp", "warehouse", "documents")


def kept(user: User, source: str, text: str, *, size: int = 1000) -> tuple[gate.Answer, uuid.UUID, Page]:
    key = uuid.uuid4()
    with gate.run_query(user=user, purpose=Purpose.ANALYTICS, source=source, text=text) as answer:
        results.write(key, answer.batches, [one.name for one in answer.columns], by_name=source == "documents")
    return answer, key, results.read_page(key, 1, size)


@pytest.mark.parametrize(
    ("source", "text", "value"),
    [
        ("oltp", "'infinity'::timestamp", "infinity"),
        ("oltp", "'-infinity'::timestamptz", "-infinity"),
        ("oltp", "'infinity'::date", "infinity"),
        ("oltp", "'-infinity'::date", "-infinity"),
        ("oltp", "'0044-03-15 BC'::date", "0044-03-15 BC"),
        ("oltp", "'0001-12-31 BC'::date", "0001-12-31 BC"),
        ("oltp", "'0044-03-15 01:02:03.5 BC'::timestamptz", "0044-03-15T01:02:03.500000+00:00 BC"),
        ("oltp", "'99999-02-28'::date", "99999-02-28"),
        ("oltp", "'99999-01-01 12:00'::timestamp", "99999-01-01T12:00:00+00:00"),
        ("oltp", "'9999-12-31'::date", "9999-12-31"),
        ("oltp", "'0001-01-01'::date", "0001-01-01"),
        ("oltp", "time '24:00:00'", "24:00:00"),
        ("oltp", "time '23:59:59'", "23:59:59"),
        ("oltp", "array['10000-01-01'::date, null, '2025-01-02'::date]", ["10000-01-01", None, "2025-01-02"]),
        ("warehouse", "to_date('10000-01-01')", "10000-01-01"),
        ("warehouse", "dateadd(year, 9000, '2025-01-02'::date)", "11025-01-02"),
    ],
)
def test_every_moment_of_a_store_can_be_read(ana: User, source: str, text: str, value: Any) -> None:
    assert kept(ana, source, f"select {text} as a")[2].rows == [[value]]
