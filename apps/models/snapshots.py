"""Training snapshots on disk: one Parquet file each, moved into place when whole. Imports Arrow: for workers only."""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from django.conf import settings

from apps.models.fingerprints import of_rows


@dataclass(frozen=True)
class Written:
    rows: int
    positives: int
    bytes: int
    fingerprint: str


def path_of(relative: str) -> Path:
    return Path(settings.SNAPSHOT_DIR) / relative


def write(path: Path, batches: Iterable[pa.RecordBatch], *, label: str) -> Written | None:
    """Rows without a label are left out: nobody knows yet. None, and no file, when there is no row at all."""
    kept = [batch for batch in (_labelled(batch, label) for batch in batches) if batch.num_rows]
    if not kept:
        return None
    table = pa.Table.from_batches(kept)
    put(path, table)
    return described(path, label=label)


def _labelled(batch: pa.RecordBatch, label: str) -> pa.RecordBatch:
    kept = batch.filter(pc.is_valid(batch.column(label)))
    place = kept.schema.get_field_index(label)
    return kept.set_column(place, label, pc.cast(kept.column(label), pa.int8()))


def put(path: Path, table: pa.Table) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
    beside = path.with_suffix(f".{os.getpid()}.new")
    try:
        pq.write_table(table, beside, compression="zstd")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def described(path: Path, *, label: str) -> Written:
    table = pq.read_table(path)
    positives = int(pc.sum(table.column(label)).as_py() or 0)
    return Written(table.num_rows, positives, path.stat().st_size, fingerprint(path))


def fingerprint(path: Path) -> str:
    return of_rows(_rows(path))


def _rows(path: Path) -> Iterator[Sequence[object]]:
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=10_000):
            yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def matching(path: Path, keys: dict[str, frozenset[str]]) -> pa.Table:
    """The rows whose key is among `keys` (column -> keys)."""
    table = pq.read_table(path)
    return table.filter(_named(table, keys))


def without(path: Path, keys: dict[str, frozenset[str]]) -> pa.Table:
    table = pq.read_table(path)
    return table.filter(pc.invert(_named(table, keys)))


def _named(table: pa.Table, keys: dict[str, frozenset[str]]) -> pa.ChunkedArray:
    found = pa.chunked_array([pa.array([False] * table.num_rows)])
    for column, values in keys.items():
        if column in table.column_names:
            found = pc.or_(found, pc.is_in(table.column(column), value_set=pa.array(sorted(values), pa.string())))
    return found


def write_all(path: Path, batches: Iterable[pa.RecordBatch]) -> Path | None:
    """Every row as it comes; None, and no file, when there is none."""
    kept = [batch for batch in batches if batch.num_rows]
    if not kept:
        return None
    put(path, pa.Table.from_batches(kept))
    return path
