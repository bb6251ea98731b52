"""Where Evidently's reports lie: one compressed page each, in a folder of the portal's own, never served as it is."""

import gzip
import os
from pathlib import Path

from django.conf import settings


def path_of(report: int) -> Path:
    return Path(settings.DRIFT_DIR) / f"{report}.html.gz"


def write(report: int, html: bytes) -> int:
    """Whole or not at all. Returns the bytes on disk."""
    target = path_of(report)
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside = target.with_suffix(f".{os.getpid()}.new")
    content = gzip.compress(html, 6)
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as out:
        out.write(content)
    beside.replace(target)
    return len(content)


def read(report: int) -> bytes:
    """Raises FileNotFoundError when it is gone."""
    return gzip.decompress(path_of(report).read_bytes())
