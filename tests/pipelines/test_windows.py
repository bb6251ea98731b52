from datetime import UTC, datetime, timedelta

from apps.pipelines.windows import Head, Position, Window, settle, window

CLOCK = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
OVERLAP = 300


def at(seconds_ago: float, key: str = "a") -> Position:
    return Position(CLOCK - timedelta(seconds=seconds_ago), key)


def test_the_first_window_has_no_lower_end() -> None:
    assert window(settled=None, head=Head(at(10), CLOCK)) == Window(None, at(10))


def test_an_empty_source_has_no_window() -> None:
    assert window(settled=None, head=None) is None


def test_nothing_newer_than_what_is_settled_is_no_window() -> None:
    assert window(settled=at(900, "b"), head=Head(at(900, "b"), CLOCK)) is None
    assert window(settled=at(900, "b"), head=Head(at(1000, "z"), CLOCK)) is None


def test_a_row_of_the_same_moment_is_newer() -> None:
    assert window(settled=at(900, "b"), head=Head(at(900, "c"), CLOCK)) == Window(at(900, "b"), at(900, "c"))


def test_what_is_older_than_the_overlap_settles_exactly() -> None:
    assert settle(head=Head(at(301, "k"), CLOCK), overlap_s=OVERLAP) == at(301, "k")


def test_what_is_younger_is_read_again_from_the_overlap() -> None:
    """A writer that took its timestamp four minutes ago may commit only now."""
    settled = settle(head=Head(at(10), CLOCK), overlap_s=OVERLAP)
    assert settled == at(300, "")
    later = window(settled=settled, head=Head(at(10), CLOCK))
    assert later is not None
    assert later.lower == at(300, "")


def test_a_row_of_the_future_never_settles() -> None:
    assert settle(head=Head(at(-3600), CLOCK), overlap_s=OVERLAP) == at(300, "")
