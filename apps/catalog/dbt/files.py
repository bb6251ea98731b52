"""dbt's artifacts as files: read within bounds, and what is wrong with one said with its place."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings

OLDEST_MANIFEST, NEWEST_MANIFEST = 9, 12  # dbt 1.5 wrote the first, dbt 1.8 to 1.11 the last
UNTEXT = re.compile(rb"\\u(0000|[dD][89a-fA-F][0-9a-fA-F]{2})")


class ArtifactError(Exception):
    """The folder does not hold artifacts that can be read; the message says which file, where, and why."""


def load(file: Path) -> dict[str, Any] | None:
    """None where there is no such file. Raises ArtifactError."""
    try:
        size = file.stat().st_size
        most = settings.DBT_ARTIFACT_MB * 1024 * 1024
        if size > most:
            told = f"{size / 1024 / 1024:,.0f} MB; at most {settings.DBT_ARTIFACT_MB} MB are read"
            raise ArtifactError(f"{file.name} has {told} (PORTICO_DBT_ARTIFACT_MB). Import a part of the project.")
        content = file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ArtifactError(f"{file.name} cannot be read: {error.strerror}.") from error
    try:
        loaded = json.loads(content)
    except UnicodeDecodeError as error:
        raise ArtifactError(f"{file.name} is not UTF-8 at byte {error.start:,}.") from error
    except json.JSONDecodeError as error:
        whole = "it ends too early" if error.pos >= len(error.doc.rstrip()) else error.msg
        raise ArtifactError(f"{file.name} is no JSON at line {error.lineno}, column {error.colno}: {whole}.") from error
    except (ValueError, RecursionError) as error:
        raise ArtifactError(
            f"{file.name} is no JSON that can be read: it is nested too deeply, or a number is."
        ) from error
    if not isinstance(loaded, dict):
        raise ArtifactError(f"{file.name} is not an artifact of dbt: it holds no object.")
    _check_text(file.name, content, loaded)
    return loaded


def _check_text(name: str, content: bytes, loaded: dict[str, Any]) -> None:
    """Characters that are none: they could not be kept."""
    found = UNTEXT.search(content)
    if found is None:
        return
    try:
        text = json.dumps(loaded, ensure_ascii=False)
        text.encode()
    except UnicodeEncodeError:
        raise ArtifactError(f"{name} holds half a character at byte {found.start():,}.") from None
    if "\\u0000" in text:
        raise ArtifactError(f"{name} holds the character U+0000 at byte {found.start():,}, which no text may hold.")


@contextmanager
def reading(place: str) -> Iterator[None]:
    """Whatever has not the form that dbt writes is said with its place, instead of as the error that it led to."""
    try:
        yield
    except KeyError as error:
        raise ArtifactError(f"{place} has no {error.args[0]!r}, which dbt writes there.") from error
    except (TypeError, AttributeError, ValueError, IndexError) as error:
        raise ArtifactError(f"{place} is not of the form that dbt writes: {_why(error)}.") from error


def _why(error: Exception) -> str:
    """Python's words name types; a value could be anything."""
    return "another type was expected" if isinstance(error, TypeError | AttributeError) else "a value cannot be read"


def text(value: object, most: int = 10_000) -> str:
    """Empty for null. Raises TypeError for anything else than a text."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise TypeError
    return value.strip()[:most]


def objects(value: object) -> dict[str, dict[str, Any]]:
    """A mapping of objects, empty for null. Raises TypeError."""
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(isinstance(each, dict) for each in value.values()):
        raise TypeError
    return value


def check_version(manifest: dict[str, Any]) -> None:
    metadata = manifest.get("metadata")
    schema = str(metadata.get("dbt_schema_version", "")) if isinstance(metadata, dict) else ""
    number = schema.rpartition("/v")[2].removesuffix(".json")
    known = f"understood are v{OLDEST_MANIFEST} (dbt 1.5) to v{NEWEST_MANIFEST}"
    if not (number.isascii() and number.isdigit() and len(number) < 5):
        raise ArtifactError(f"manifest.json does not say its version (metadata.dbt_schema_version); {known}.")
    if not OLDEST_MANIFEST <= int(number) <= NEWEST_MANIFEST:
        raise ArtifactError(f"manifest.json is of version v{number}; {known}.")
