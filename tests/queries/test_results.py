"""What a query brings back, written and read again: moments outside Python's calendar, and answers that are too big."""

import json
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


WIDE = f"with a as (select '{'x' * 1000}' as s) select replace(s, 'x', s) as s from a, charges"  # 5 times 1 MB
DOUBLED = {
    "collection": "sessions",
    "pipeline": [
        {
            "$project": {
                "_id": 0,
                "s": {
                    "$reduce": {
                        "input": list(range(20)),
                        "initialValue": "x",
                        "in": {"$concat": ["$$value", "$$value"]},
                    }
                },
            }
        }
    ],
}


@pytest.mark.parametrize(("source", "text"), [("oltp", WIDE), ("documents", json.dumps(DOUBLED))])
def test_an_answer_stops_at_its_limit_in_bytes(ana: User, settings: Any, source: str, text: str) -> None:
    settings.QUERY_BYTE_LIMIT = 2_500_000
    answer, _, page = kept(ana, source, text)
    assert (answer.rows, answer.truncated, len(page.rows)) == (2, True, 2)


def test_an_answer_within_its_limit_is_whole(ana: User, settings: Any) -> None:
    settings.QUERY_BYTE_LIMIT = 6_000_000
    answer, _, page = kept(ana, "oltp", WIDE)
    assert (answer.rows, answer.truncated, len(page.rows)) == (5, False, 5)


def test_a_page_too_big_comes_smaller_and_the_next_goes_on_from_it(ana: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "PAGE_BYTES", 2_500_000)
    _, key, page = kept(
        ana, "oltp", WIDE.replace("select replace", "select charges.id, replace") + " order by 1", size=4
    )
    seen = [row[0] for row in page.rows]
    assert (page.size, len(seen)) == (2, 2)
    while page.next:
        page = results.read_page(key, page.next, page.size)
        seen += [row[0] for row in page.rows]
    assert seen == [10, 11, 12, 13, 14]
    assert [row[0] for row in results.read_page(key, 2, 4).rows] == [14]
