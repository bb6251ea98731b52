"""JSON lines become executed statements, or a reason each."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from apps.catalog.statements.types import Executed
from portal.sql.parse import BAD

MOST_LINES = 10_000
LONGEST = 200
# The statement itself has a limit of its own, so that one that is too long is a finding and not a wrong line.
TEXTS = ("session", "user", "id", "database", "schema")


class TooManyLines(ValueError):
    """More than are taken in at once."""


class WrongLine(ValueError):
    """The message says what is wrong, and never repeats what the line holds."""


def read_lines(lines: Iterable[str | bytes]) -> tuple[list[Executed], dict[int, str]]:
    """Empty lines are skipped. Raises TooManyLines."""
    return read_objects((number, line) for number, line in enumerate(lines, 1) if line.strip())


def read_objects(numbered: Iterable[tuple[int, Any]]) -> tuple[list[Executed], dict[int, str]]:
    """Texts of JSON, or what they hold already."""
    found: list[Executed] = []
    wrong: dict[int, str] = {}
    for taken, (number, line) in enumerate(numbered, 1):
        if taken > MOST_LINES:
            raise TooManyLines(f"More than {MOST_LINES:,} statements: hand them in in parts, whole sessions each.")
        try:
            found.append(executed(number, _decoded(line) if isinstance(line, str | bytes) else line))
        except WrongLine as error:
            wrong[number] = str(error)
    return found, wrong


def _decoded(line: str | bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        raise WrongLine("It is not JSON.") from None


def executed(number: int, given: Any) -> Executed:
    """Raises WrongLine."""
    if not isinstance(given, Mapping):
        raise WrongLine('It is not an object: {"at": ..., "text": ...}.')
    text = given.get("text")
    if not isinstance(text, str) or not text.strip():
        raise WrongLine('It has no "text".')
    told = {name: _text(given, name) for name in TEXTS}
    path = tuple(part for part in (told["database"], told["schema"]) if part)
    return Executed(number, text, _time(given.get("at")), told["session"], told["user"], told["id"], path)


def _text(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int) or len(str(value)[: LONGEST + 1]) > LONGEST:
        raise WrongLine(f'"{name}" is not a text of at most {LONGEST} characters.')
    if BAD.search(str(value)):
        raise WrongLine(f'"{name}" holds a character that no text may hold.')
    return str(value)


def _time(value: Any) -> datetime:
    try:
        at = datetime.fromisoformat(value.replace("Z", "+00:00")) if isinstance(value, str) else None
    except ValueError:
        at = None
    if at is None or not 1970 < at.year < 9999:
        raise WrongLine('"at" is not a time such as 2026-01-31T12:00:00Z.')
    return at if at.tzinfo else at.replace(tzinfo=UTC)
