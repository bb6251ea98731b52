"""A result at rest: encrypted, bound to its execution, written as rows come, read by groups of rows."""

import resource
import uuid
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest

from apps.queries import results
from apps.queries.results import ROWS_A_GROUP
from apps.queries.sealing import Broken
from apps.queries.types import PLAIN, View
from apps.queries.viewing import BadView


def written(rows: int, *, secret: str = "kanarie") -> uuid.UUID:
    key = uuid.uuid4()
    batches = (
        pa.RecordBatch.from_pydict(
            {"n": list(range(start, min(start + 1000, rows))), "s": [secret] * min(1000, rows - start)}
        )
        for start in range(0, rows, 1000)
    )
    results.write(key, batches, ["n", "s"], by_name=False)
    return key


def numbers(key: uuid.UUID, number: int, size: int, view: View = PLAIN) -> list[Any]:
    return [row[0] for row in results.read_page(key, number, size, view).rows]


def test_every_page_of_every_group_is_where_it_belongs() -> None:
    key = written(ROWS_A_GROUP * 2 + 700)
    size = 900  # no divisor of a group
    seen: list[int] = []
    for number in range(1, 13):
        seen += numbers(key, number, size)
    assert seen == list(range(ROWS_A_GROUP * 2 + 700))
    assert numbers(key, 99, size) == []


def test_nothing_can_be_read_from_the_file() -> None:
    content = results.path_of(written(10)).read_bytes()
    assert b"kanarie" not in content
    assert content[:4] == b"PARE"  # the footer, too
    assert results.path_of(written(1)).stat().st_mode & 0o077 == 0


def test_a_file_opens_in_its_own_place_alone() -> None:
    one, other = written(10), written(10)
    results.path_of(other).write_bytes(results.path_of(one).read_bytes())
    assert numbers(one, 1, 3) == [0, 1, 2]
    with pytest.raises(Broken):
        results.read_page(other, 1, 3)


@pytest.mark.parametrize("at", [0.1, 0.3, 0.5, 0.7, 0.9, 0.999])
def test_a_changed_file_does_not_open(at: float) -> None:
    key = written(ROWS_A_GROUP + 10)
    path = results.path_of(key)
    content = bytearray(path.read_bytes())
    content[int(len(content) * at)] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(Broken):
        for _ in results.tables_of(key):
            pass


def test_a_cut_off_or_foreign_file_does_not_open(settings: Any) -> None:
    key = written(10)
    path = results.path_of(key)
    whole = path.read_bytes()
    for content in (whole[:-1], whole[: len(whole) // 2], b""):
        path.write_bytes(content)
        with pytest.raises(Broken):
            results.read_page(key, 1, 3)
    path.write_bytes(whole)
    settings.RESULTS_KEY = "00" * 32
    with pytest.raises(Broken):
        results.read_page(key, 1, 3)


def test_half_a_result_is_none() -> None:
    def broken() -> Iterator[pa.RecordBatch]:
        yield pa.RecordBatch.from_pydict({"n": list(range(ROWS_A_GROUP))})
        raise RuntimeError("the store went away")

    key = uuid.uuid4()
    with pytest.raises(RuntimeError):
        results.write(key, broken(), ["n"], by_name=False)
    with pytest.raises(FileNotFoundError):
        results.read_page(key, 1, 1)
    assert not list(results.path_of(key).parent.glob("*.part"))


def test_rows_are_not_gathered_in_memory() -> None:
    """200 MB of rows go through; the process grows by a fraction of them."""
    row = "x" * 1000

    def many() -> Iterator[pa.RecordBatch]:
        for start in range(200):
            yield pa.RecordBatch.from_pydict({"s": [f"{start}-{n}-{row}" for n in range(1000)]})

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    results.write(uuid.uuid4(), many(), ["s"], by_name=False)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 120_000, f"{grown} KiB"


def test_documents_of_several_types_and_no_rows() -> None:
    key = uuid.uuid4()
    batches = [
        pa.RecordBatch.from_pydict({"a": [1]}),
        pa.RecordBatch.from_pydict({"b": ["x"]}),
        pa.RecordBatch.from_pydict({"a": [2.5]}),
    ]
    assert results.write(key, batches, ["a", "b"], by_name=True) == ["float", "text"]
    assert results.read_page(key, 1, 9).rows == [[1.0, None], [None, "x"], [2.5, None]]
    assert results.write(key, [], ["a", "b"], by_name=False) == ["unknown", "unknown"]
    assert results.read_page(key, 1, 9).total == 0


VALUES = {
    "n": [3, None, 1, 2],
    "s": ["Äpfel", "birne", None, "Birnen"],
    "d": [None, "2026-01-02", "2026-01-01", "2026-01-03"],
    "l": [[1, 2], [], None, [0]],
}


@pytest.fixture
def kept() -> uuid.UUID:
    import datetime as dt

    key = uuid.uuid4()
    days = [None if d is None else dt.date.fromisoformat(d) for d in VALUES["d"]]  # type: ignore[arg-type]
    results.write(key, [pa.RecordBatch.from_pydict({**VALUES, "d": days})], list(VALUES), by_name=False)
    return key


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        (View(0), [1, 2, 3, None]),
        (View(0, descending=True), [3, 2, 1, None]),
        (View(1), [2, None, 3, 1]),  # "Birnen", "birne", "Äpfel", NULL: by code points
        (View(2, descending=True), [2, None, 1, 3]),
        (View(3), [2, 3, None, 1]),
        (View(filters=((0, ">=2"),)), [3, 2]),
        (View(filters=((0, "= 1"),)), [1]),
        (View(filters=((1, "BIRN"),)), [None, 2]),
        (View(filters=((1, "äp"),)), [3]),
        (View(filters=((2, "<2026-01-03"),)), [None, 1]),
        (View(filters=((2, "01-03"),)), [2]),
        (View(0, filters=((1, "birn"), (0, ">0"))), [2]),
        (View(filters=((0, "nothing"),)), []),
    ],
)
def test_sorting_and_filtering(kept: uuid.UUID, view: View, expected: list[Any]) -> None:
    page = results.read_page(kept, 1, 10, view)
    assert ([row[0] for row in page.rows], page.total) == (expected, len(expected))


@pytest.mark.parametrize(
    ("view", "field"),
    [
        (View(9), "sort"),
        (View(filters=((9, "x"),)), "filter.9"),
        (View(filters=((0, ">x"),)), "filter.0"),
        (View(filters=((3, "=1"),)), "filter.3"),
    ],
)
def test_a_view_that_cannot_be(kept: uuid.UUID, view: View, field: str) -> None:
    with pytest.raises(BadView) as bad:
        results.read_page(kept, 1, 10, view)
    assert bad.value.field == field
