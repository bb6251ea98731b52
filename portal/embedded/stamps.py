"""Remembers what a step was made from, so that a step whose inputs are the same is not done again."""

import hashlib
import sys
from collections.abc import Iterable
from pathlib import Path


def fingerprint(*parts: str | Path) -> str:
    """Of texts, files and whole folders (names and contents)."""
    digest = hashlib.sha256(sys.version.encode())
    for part in parts:
        if isinstance(part, str):
            digest.update(part.encode())
            continue
        for file in files(part):
            digest.update(str(file.relative_to(part.parent)).encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()


def files(path: Path) -> Iterable[Path]:
    return sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]


class Stamp:
    """A small file beside what was made; it goes when that goes."""

    def __init__(self, file: Path, wanted: str) -> None:
        self._file = file
        self._wanted = wanted

    @property
    def fresh(self) -> bool:
        return self._file.is_file() and self._file.read_text() == self._wanted

    def clear(self) -> None:
        self._file.unlink(missing_ok=True)

    def press(self) -> None:
        self._file.write_text(self._wanted)
