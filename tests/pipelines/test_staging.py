from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from apps.pipelines.extraction.conform import Conformer
from apps.pipelines.staging import clear, content_hash, stage

SCHEMA = pa.schema([("ID", pa.string()), ("N", pa.int64()), ("DOC", pa.string())])


def batches(*sizes: int) -> list[pa.RecordBatch]:
    return [
        pa.RecordBatch.from_arrays([[f"r{n}" for n in range(size)], list(range(size)), [None] * size], schema=SCHEMA)
        for size in sizes
    ]


def test_every_row_arrives_and_files_are_finished(tmp_path: Path) -> None:
    files = stage(tmp_path / "x", [batches(10, 0, 5)])
    assert [file.rows for file in files] == [15]
    assert pq.read_table(files[0].path).num_rows == 15
    assert files[0].bytes == files[0].path.stat().st_size
    assert [path.suffix for path in (tmp_path / "x").iterdir()] == [".parquet"]


def test_a_new_file_begins_past_the_size(tmp_path: Path) -> None:
    files = stage(tmp_path / "x", [batches(10, 10, 10)], file_bytes=1)
    assert [file.path.name for file in files] == [f"part-0-0000{n}.parquet" for n in range(3)]


def test_the_hash_is_that_of_the_bytes(tmp_path: Path) -> None:
    import hashlib

    (file,) = stage(tmp_path / "x", [batches(10)])
    assert file.sha256 == hashlib.sha256(file.path.read_bytes()).hexdigest()
    (again,) = stage(tmp_path / "y", [batches(10)])
    assert content_hash([file]) == content_hash([again])


def test_an_attempt_that_dies_leaves_no_finished_file_and_the_next_clears_it(tmp_path: Path) -> None:
    def dies():  # type: ignore[no-untyped-def]
        yield from batches(10)
        raise ConnectionError

    with pytest.raises(ConnectionError):
        stage(tmp_path / "x", [dies()], prefix="a1")
    assert list((tmp_path / "x").iterdir()) == []
    (tmp_path / "x" / "a1-0-00000.part").write_bytes(b"killed here")
    files = stage(tmp_path / "x", [batches(3)], prefix="a2")
    assert list((tmp_path / "x").iterdir()) == [files[0].path]
    clear(tmp_path / "x")
    assert not (tmp_path / "x").exists()
    clear(tmp_path / "x")


def test_nothing_to_stage_is_no_file(tmp_path: Path) -> None:
    assert stage(tmp_path / "x", [batches(0)]) == ()


def one(name: str, values: list[object], store_type: str = "") -> pa.RecordBatch:
    array = pa.array(values)
    field = pa.field(name, array.type, metadata={b"store_type": store_type.encode()})
    return pa.RecordBatch.from_arrays([array], schema=pa.schema([field]))


def test_a_value_that_does_not_fit_becomes_null_and_is_counted() -> None:
    conform = Conformer(pa.schema([("N", pa.int64())]))
    assert conform(one("N", ["4", "five", None])).column(0).to_pylist() == [4, None, None]
    assert conform.rejects.counts == {("N", "type"): 1}


def test_a_row_without_a_key_is_left_out() -> None:
    conform = Conformer(pa.schema([("ID", pa.string())]), keys=("ID",))
    assert conform(one("ID", ["a", None, "b"])).to_pylist() == [{"ID": "a"}, {"ID": "b"}]
    assert conform.rejects.counts == {("ID", "key"): 1}
    assert [found.key for found in conform.rejects.listed] == [""]


def test_an_error_of_one_part_stops_the_others_and_leaves_no_file(tmp_path: Path) -> None:
    closed = []

    def endless():  # type: ignore[no-untyped-def]
        try:
            while True:
                yield from batches(10)
        finally:
            closed.append(True)

    def dies():  # type: ignore[no-untyped-def]
        yield from batches(10, 10)
        raise ConnectionError

    other = endless()
    with pytest.raises(ConnectionError):
        stage(tmp_path / "x", [other, dies()], file_bytes=1 << 20)
    assert list((tmp_path / "x").iterdir()) == []
    other.close()
    assert closed


def test_an_error_of_writing_is_raised_where_the_step_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from apps.pipelines.staging import Part

    def full(self: Part, batch: pa.RecordBatch) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Part, "write", full)
    with pytest.raises(OSError, match="No space"):
        stage(tmp_path / "x", [batches(10, 10), batches(10)])
    assert list((tmp_path / "x").iterdir()) == []


def test_parts_are_written_in_files_of_their_own_and_their_order(tmp_path: Path) -> None:
    files = stage(tmp_path / "x", [batches(1, 2), batches(3, 4, 5)], file_bytes=1)
    assert [(file.path.name, file.rows) for file in files] == [
        (f"part-{part}-0000{number}.parquet", rows)
        for part, sizes in enumerate([(1, 2), (3, 4, 5)])
        for number, rows in enumerate(sizes)
    ]


def test_padding_is_no_part_of_a_value() -> None:
    conform = Conformer(pa.schema([("ID", pa.string())]))
    assert conform(one("ID", ["ab  ", "é ", "   ", " x", None], "bpchar")).column(0).to_pylist() == [
        "ab",
        "é",
        "",
        " x",
        None,
    ]
    assert conform(one("ID", ["ab  "], "text")).column(0).to_pylist() == ["ab  "]


def test_a_path_that_no_document_has_is_null() -> None:
    conform = Conformer(SCHEMA)
    assert conform(one("ID", ["a"])).to_pylist() == [{"ID": "a", "N": None, "DOC": None}]


@pytest.mark.parametrize(
    ("values", "store_type", "expected"),
    [
        (['{"a": 1}', None], "object", ['{"a": 1}', None]),
        (["plain", "[1, 2]", "{broken"], "mixed", ['"plain"', "[1, 2]", '"{broken"']),
        ([1, 2], "int", ["1", "2"]),
        ([True, None], "bool", ["true", None]),
    ],
)
def test_what_becomes_a_variant_is_json(values: list[object], store_type: str, expected: list[str | None]) -> None:
    conform = Conformer(pa.schema([("DOC", pa.string())]), frozenset({"DOC"}))
    assert conform(one("DOC", values, store_type)).column(0).to_pylist() == expected
