"""What was done to a result's file by somebody who has no key: none of it opens."""

import uuid
from collections.abc import Iterator

import pyarrow as pa
import pytest

from apps.queries import results
from apps.queries.results import path_of
from apps.queries.sealing import Broken

ROWS = 400


@pytest.fixture(autouse=True)
def small_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "ROWS_A_GROUP", 100)


def batches(word: str = "kanarie") -> Iterator[pa.RecordBatch]:
    for start in range(0, ROWS, 50):
        numbers = range(start, start + 50)
        yield pa.RecordBatch.from_pydict({"id": [1000 + n for n in numbers], "s": [f"{word}{n:03}" for n in numbers]})


@pytest.fixture
def key() -> uuid.UUID:
    found = uuid.uuid4()
    results.write(found, batches(), ["id", "s"], by_name=False)
    return found


def read_all(key: uuid.UUID) -> list[object]:
    return [row["c0"] for table in results.tables_of(key) for row in table.to_pylist()]


def spans(key: uuid.UUID) -> list[tuple[int, int]]:
    """Where each row group lies in the file, and its length."""
    with results.opened(key) as file:
        metadata = file.metadata
        found = []
        for number in range(metadata.num_row_groups):
            columns = [metadata.row_group(number).column(at) for at in range(metadata.num_columns)]
            begin = min(column.dictionary_page_offset or column.data_page_offset for column in columns)
            found.append((begin, sum(column.total_compressed_size for column in columns)))
        return found


def changed(key: uuid.UUID, content: bytes) -> None:
    path_of(key).write_bytes(content)
    with pytest.raises(Broken):
        read_all(key)


def test_a_plain_parquet_file_in_its_place(key: uuid.UUID) -> None:
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"c0": [1], "c1": ["planted"]}), path_of(key))
    with pytest.raises(Broken):
        read_all(key)


def test_row_groups_that_changed_places_or_are_repeated_or_left_out() -> None:
    """Even where both hold the same rows: equal content is equally long, so that they fit into each other's place."""
    key = uuid.uuid4()
    same = pa.RecordBatch.from_pydict({"id": list(range(100)), "s": [f"kanarie{n}" for n in range(100)]})
    results.write(key, [same] * 4, ["id", "s"], by_name=False)
    content, ((first, size), (second, other), *_) = path_of(key).read_bytes(), spans(key)[1:]
    assert (size, second) == (other, first + size)
    one, two = content[first:second], content[second : second + size]
    changed(key, content[:first] + two + one + content[second + size :])
    changed(key, content[:first] + one + one + content[second + size :])
    changed(key, content[:second] + content[second + size :])
    path_of(key).write_bytes(content)
    assert read_all(key) == list(range(100)) * 4


def test_a_row_group_out_of_an_older_file_of_the_same_execution(key: uuid.UUID) -> None:
    """A second attempt writes under the same id."""
    old, at = path_of(key).read_bytes(), spans(key)
    results.write(key, batches("vervang"), ["id", "s"], by_name=False)
    new = path_of(key).read_bytes()
    assert at == spans(key)
    begin, size = at[1]
    changed(key, new[:begin] + old[begin : begin + size] + new[begin + size :])


def test_any_changed_byte(key: uuid.UUID) -> None:
    content = path_of(key).read_bytes()
    for at in range(4, len(content), 37):
        changed(key, content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])


def test_a_page_opens_only_the_row_groups_it_needs(key: uuid.UUID) -> None:
    content, (begin, _) = path_of(key).read_bytes(), spans(key)[3]
    path_of(key).write_bytes(content[: begin + 50] + b"\0\0\0\0\0\0" + content[begin + 56 :])
    assert results.read_page(key, 3, 100).rows[0] == [1200, "kanarie200"]
    with pytest.raises(Broken):
        results.read_page(key, 4, 100)
