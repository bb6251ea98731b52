"""Which changes break readers, and what many changes come to."""

from datetime import UTC, datetime

import pytest

from apps.catalog.history.breaking import breaks
from apps.catalog.history.net import Kept, net
from apps.catalog.history.types import What


@pytest.mark.parametrize(
    ("what", "before", "after", "answer"),
    [
        (What.COLUMN, "text", "", True),
        (What.COLUMN, "", "text", False),
        (What.DATASET, "table", "", True),
        (What.TYPE, "integer", "bigint", False),
        (What.TYPE, "bigint", "integer", True),
        (What.TYPE, "bigint", "numeric(5,0)", True),
        (What.TYPE, "bigint", "text", True),
        (What.TYPE, "character varying(10)", "character varying(20)", False),
        (What.TYPE, "character varying(20)", "character varying(10)", True),
        (What.TYPE, "character varying(20)", "text", False),
        (What.TYPE, "numeric(12,2)", "numeric(14,2)", False),
        (What.TYPE, "numeric(12,2)", "numeric(12,4)", True),
        (What.TYPE, "NUMBER(38,0)", "VARCHAR", True),
        (What.TYPE, "timestamp without time zone", "timestamp with time zone", True),
        (What.NULLABLE, "not null", "nullable", True),
        (What.NULLABLE, "nullable", "not null", False),
        (What.COMMENT, "a", "b", False),
        (What.KEYS, "primary key (id)", "", False),
    ],
)
def test_what_breaks_readers(what: What, before: str, after: str, answer: bool) -> None:
    assert breaks(what, before, after) is answer


@pytest.mark.parametrize(
    ("before", "after", "answer"),
    [
        ("int", "int|string", True),
        ("int|string", "int", False),
        ("int", "int|long", False),
        ("string", "object", True),
        ("null", "string", False),
    ],
)
def test_a_type_nobody_met_before_breaks_readers_of_documents(before: str, after: str, answer: bool) -> None:
    assert breaks(What.TYPE, before, after, documents=True) is answer


def kept(*listed: tuple[str, What, str, str]) -> list[Kept]:
    return [
        Kept(1, column, what, before, after, datetime(2026, 3, day, tzinfo=UTC))
        for day, (column, what, before, after) in enumerate(listed, 1)
    ]


@pytest.mark.parametrize(
    ("changes", "left"),
    [
        ([("a", What.COLUMN, "", "text"), ("a", What.COLUMN, "text", "")], []),
        ([("a", What.COLUMN, "", "text"), ("a", What.TYPE, "text", "int"), ("a", What.COLUMN, "int", "")], []),
        ([("a", What.TYPE, "text", "int"), ("a", What.TYPE, "int", "text")], []),
        (
            [("a", What.TYPE, "text", "int"), ("a", What.TYPE, "int", "bigint")],
            [("a", What.TYPE, "text", "bigint")],
        ),
        (
            [("a", What.COLUMN, "", "text"), ("a", What.TYPE, "text", "int"), ("a", What.COMMENT, "", "new")],
            [("a", What.COLUMN, "", "int")],
        ),
        (
            [("a", What.COLUMN, "text", ""), ("a", What.COLUMN, "", "int"), ("a", What.TYPE, "text", "int")],
            [("a", What.TYPE, "text", "int")],
        ),
        (
            [("a", What.COLUMN, "text", ""), ("", What.DATASET, "table", "")],
            [("", What.DATASET, "table", "")],
        ),
        ([("a", What.TYPE, "text", "int"), ("", What.DATASET, "table", ""), ("", What.DATASET, "", "table")], None),
    ],
)
def test_what_many_changes_come_to(
    changes: list[tuple[str, What, str, str]], left: list[tuple[str, What, str, str]] | None
) -> None:
    found = [(each.column, each.what, each.before, each.after) for each in net(kept(*changes))]
    assert found == (changes[:1] if left is None else left)
