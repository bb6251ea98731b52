"""Arrow batches into Parquet files on disk: bounded memory, and no file that is half written under its name.

Each part of a window has files and a writing thread of its own; Arrow lets Python go on while it encodes, so parts are
written at once, and what is read next is taken meanwhile. Everything else happens in the caller's thread.
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apps.pipelines.memory import give_back

if TYPE_CHECKING:
    import pyarrow as pa

# The warehouse's driver holds a whole file while it uploads it, and several loads run at once.
FILE_BYTES = 16 * 1024 * 1024
# Files live for minutes, on the worker's disk and on the warehouse's stage: encoding them costs more than their bytes.
# A dictionary that outgrows this is given up for its column and row group: for keys and hashes, which hardly repeat, a
# dictionary of a megabyte costs as much time as all the rest of the file, and saves little.
DICTIONARY_BYTES = 32 * 1024


@dataclass(frozen=True)
class Staged:
    """A finished file. `path` is absolute; `sha256` is of its bytes."""

    path: Path
    rows: int
    bytes: int
    sha256: str


@dataclass
class HashingFile:
    """A file that knows the hash of what was written, so that it need not be read again."""

    path: Path
    digest: Any = field(default_factory=hashlib.sha256)
    closed: bool = False

    def __post_init__(self) -> None:
        self._file = self.path.open("wb", buffering=1 << 20)

    def write(self, data: bytes) -> int:
        self.digest.update(data)
        return self._file.write(data)

    def tell(self) -> int:
        return self._file.tell()

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        """On disk before it is renamed: a name that survives a power cut has its bytes too."""
        if not self.closed:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self.closed = True


class Part:
    """One Parquet file being written as `<name>.part`."""

    def __init__(self, path: Path, schema: "pa.Schema") -> None:
        import pyarrow.parquet as pq

        self._path = path
        self._file = HashingFile(path.with_suffix(".part"))
        self._writer = pq.ParquetWriter(
            self._file,
            schema,
            compression="none",
            write_statistics=False,
            dictionary_pagesize_limit=DICTIONARY_BYTES,
        )
        self.rows = 0

    def write(self, batch: "pa.RecordBatch") -> int:
        """Returns the bytes written so far. A batch is a row group: nothing of it stays in memory."""
        self._writer.write_batch(batch)
        self.rows += batch.num_rows
        return self._file.tell()

    def finish(self) -> Staged:
        self._writer.close()
        self._file.close()
        size = self._file.path.stat().st_size
        self._file.path.rename(self._path)
        return Staged(self._path, self.rows, size, self._file.digest.hexdigest())

    def abandon(self) -> None:
        # Closing writes a footer, which a full disk refuses as it refused what came before.
        with suppress(OSError):
            self._writer.close()
        with suppress(OSError):
            self._file.close()
        self._file.path.unlink(missing_ok=True)


class Lane:
    """The files of one part, written in order by a thread of its own, one batch at a time."""

    def __init__(self, folder: Path, name: str, file_bytes: int) -> None:
        self._folder, self._name, self._file_bytes = folder, name, file_bytes
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="stage")
        self._writing: Future[None] | None = None
        self._part: Part | None = None
        self._done: list[Staged] = []

    def write(self, batch: "pa.RecordBatch") -> None:
        """Returns when the batch before is written; an error of that one is raised here."""
        self._wait()
        self._writing = self._thread.submit(self._write, batch)

    def finish(self) -> list[Staged]:
        self._wait()
        self._finish_part()
        return self._done

    def close(self) -> None:
        """A part that is not finished by now is taken away."""
        self._thread.shutdown(wait=True, cancel_futures=True)
        if self._part:
            self._part.abandon()

    def _wait(self) -> None:
        if self._writing:
            self._writing.result()

    def _write(self, batch: "pa.RecordBatch") -> None:
        if self._part is None:
            self._part = Part(self._folder / f"{self._name}-{len(self._done):05d}.parquet", batch.schema)
        if self._part.write(batch) >= self._file_bytes:
            self._finish_part()

    def _finish_part(self) -> None:
        if self._part:
            self._done.append(self._part.finish())
            self._part = None


def stage(
    folder: Path,
    parts: "Sequence[Iterable[pa.RecordBatch]]",
    *,
    prefix: str = "part",
    after_batch: Callable[[int], None] = lambda rows: None,
    file_bytes: int = FILE_BYTES,
) -> tuple[Staged, ...]:
    """Writes `part-0-00000.parquet`, ... below `folder`, a new one past `file_bytes`. Batches share one schema.

    What an earlier attempt left there is removed first; with a `prefix` of its own, an attempt that is still writing
    somewhere cannot put its bytes into our files. `after_batch` is told the rows so far, and may raise to stop.
    """
    clear(folder)
    folder.mkdir(parents=True, exist_ok=True)
    rows = 0
    try:
        with ExitStack() as stack:
            lanes = [Lane(folder, f"{prefix}-{place}", file_bytes) for place in range(len(parts))]
            for lane in lanes:
                stack.callback(lane.close)
            for place, batch in _in_turn(parts):
                if batch.num_rows:
                    lanes[place].write(batch)
                    rows += batch.num_rows
                    after_batch(rows)
            done = [file for lane in lanes for file in lane.finish()]
    finally:
        give_back()
    _sync(folder)
    return tuple(done)


def _in_turn(parts: "Sequence[Iterable[pa.RecordBatch]]") -> "Iterator[tuple[int, pa.RecordBatch]]":
    """A batch of each part, again and again, until all are at their end."""
    reading = dict(enumerate(map(iter, parts)))
    while reading:
        for place, batches in list(reading.items()):
            batch = next(batches, None)
            if batch is None:
                del reading[place]
            else:
                yield place, batch


def clear(folder: Path) -> None:
    """Removes the files of one window, and its folder. Nothing else is ever below it."""
    if not folder.is_dir():
        return
    for file in folder.iterdir():
        file.unlink(missing_ok=True)
    folder.rmdir()


def content_hash(files: Iterable[Staged]) -> str:
    return hashlib.sha256("".join(file.sha256 for file in files).encode()).hexdigest()


def _sync(folder: Path) -> None:
    """The renames, too, must be on disk before a receipt says that the files are there."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
