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
    assert conform.misfits == {"N": 1}


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
