"""A typed text in lines. What cannot be read stays as it is: the explanation says what is wrong with it."""

import json
from collections.abc import Sequence
from typing import Any

from apps.queries.parameters import dialect_of, names_of
from portal.sql.parameters import bound
from portal.sql.parse import MAX_CHARACTERS, readable

STANDS_FOR = "portico parameter "


def formatted(source: str, text: str) -> str:
    """Comments and parameters stay."""
    if len(text) > MAX_CHARACTERS or STANDS_FOR in text:
        return text
    dialect = dialect_of(source)
    return pipeline(text) if dialect == "mongo" else statement(text, dialect, names_of(source, text))


def statement(text: str, dialect: Any, names: Sequence[str]) -> str:
    """The writer knows other signs for parameters than people type: texts stand for them meanwhile."""
    lines = readable(bound(text, dialect, {name: f"{STANDS_FOR}{name}" for name in names}), dialect)
    for name in names:
        lines = lines.replace(f"'{STANDS_FOR}{name}'", f":{name}")
    return lines if STANDS_FOR not in lines else text


class Twice(ValueError):
    """A key stands twice in one object: one of the two would be lost."""


def pipeline(text: str) -> str:
    try:
        return json.dumps(json.loads(text, object_pairs_hook=once), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) != len(pairs):
        raise Twice
    return dict(pairs)
