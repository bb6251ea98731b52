"""Parquet into a table: PUT to the table's own stage, then one COPY INTO by column name."""

import hashlib
import re
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq
from django.conf import settings
from snowflake.connector.cursor import SnowflakeCursor

from portal.stores.snowflake.errors import refused
from portal.stores.types import LoadResult, Sql

NOT_IN_A_PATH = re.compile(r"[^A-Za-z0-9_.=/-]")
FILE_ROWS = 1_000_000
COPY = (
    "copy into {target} from {stage} file_format = (type = parquet use_logical_type = true) "
    "match_by_column_name = case_insensitive on_error = abort_statement purge = true"
)
Run = Callable[[Sql], SnowflakeCursor]


def load_files(store: str, run: Run, target: tuple[str, ...], files: Sequence[Path], label: str) -> LoadResult:
    """Without FORCE on purpose: Snowflake remembers which files it loaded, so a COPY that is sent twice loads once.
    Raises StoreError (`conflict`) when it says that these were loaded before."""
    if not files:
        return LoadResult(rows=0)
    stage = f"@{quoted(target[:-1])}.%{_plain(target[-1])}/{_folder(label)}"
    for file in files:
        path = str(file.resolve()).replace("\\", "\\\\").replace("'", "\\'")
        run(Sql(f"put 'file://{path}' {stage} auto_compress = false overwrite = true")).close()
    cursor = run(Sql(COPY.format(target=quoted(target), stage=stage)))
    loaded = _loaded(cursor)
    if len(loaded) < len(files):
        raise refused(store, "conflict", "Some of these files were loaded before under this label.")
    statement = str(cursor.sfqid or "")
    cursor.close()
    return LoadResult(rows=sum(loaded), files=tuple(file.name for file in files), statement_ids=(statement,))


def _loaded(cursor: SnowflakeCursor) -> list[int]:
    """Rows of each file that was loaded now. Snowflake answers with one row a file, or one column without files."""
    names = [column.name.lower() for column in cursor.description or ()]
    if "rows_loaded" not in names:
        return []
    status, rows = names.index("status"), names.index("rows_loaded")
    return [int(row[rows]) for row in cursor.fetchall() if row[status] == "LOADED"]


def write(store: str, run: Run, target: tuple[str, ...], batches: Iterable[pa.RecordBatch]) -> LoadResult:
    parent = settings.STAGE_DIR if settings.STAGE_DIR.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="write-", dir=parent) as folder:
        files = _files(Path(folder), batches)
        return load_files(store, run, target, files, f"write/{uuid4().hex}")


def _files(folder: Path, batches: Iterable[pa.RecordBatch]) -> list[Path]:
    files: list[Path] = []
    writer: pq.ParquetWriter | None = None
    rows = 0
    for batch in batches:
        if writer is None:
            files.append(folder / f"{len(files):05d}.parquet")
            writer = pq.ParquetWriter(files[-1], batch.schema)
        writer.write_batch(batch)
        rows += batch.num_rows
        if rows >= FILE_ROWS:
            writer.close()
            writer, rows = None, 0
    if writer is not None:
        writer.close()
    return files


def _folder(label: str) -> str:
    """The label as a path that needs no quotes; different labels stay different."""
    plain = NOT_IN_A_PATH.sub("_", label)
    return plain if plain == label else f"{plain}_{hashlib.sha256(label.encode()).hexdigest()[:12]}"


def _plain(name: str) -> str:
    """The emulator takes the quotes of a table's stage for a part of its name."""
    return name if re.fullmatch(r"[A-Z_][A-Z0-9_$]*", name) else quote(name)


def quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def quoted(path: Sequence[str]) -> str:
    return ".".join(quote(name) for name in path)
