"""Fingerprints that anyone can compute again: of a model's files, and of the rows of a snapshot."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

BLOCK = 1 << 20


def of_file(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def of_folder(folder: Path) -> str:
    """SHA-256 over a line "<relative path>NUL<SHA-256 of the file>" for every file, sorted by path."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(folder).as_posix()}\0{of_file(path)}\n".encode())
    return digest.hexdigest()


def of_rows(rows: Iterable[Sequence[object]]) -> str:
    """SHA-256 over a line of JSON for every row, in the order given: numbers as they print, moments in ISO 8601."""
    digest = hashlib.sha256()
    for row in rows:
        digest.update(json.dumps(row, default=_plain, separators=(",", ":")).encode() + b"\n")
    return digest.hexdigest()


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
