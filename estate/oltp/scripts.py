"""The SQL files beside this one, statement by statement."""

import re
from collections.abc import Collection
from pathlib import Path

from portal.stores.types import Sql

FOLDER = Path(__file__).resolve().parent
NAMED = re.compile(
    r"(?P<constraint>alter table (?P<table>\S+) add constraint (?P<key>\w+))|create index (?P<index>\w+)"
)


def statements(name: str) -> tuple[Sql, ...]:
    """A statement ends with a semicolon at the end of a line."""
    text = "\n".join(line for line in (FOLDER / name).read_text().splitlines() if not line.startswith("--"))
    return tuple(Sql(part.strip()) for part in re.split(r";\s*(?:\n|$)", text) if part.strip())


def schema() -> tuple[Sql, ...]:
    return (*statements("schema.sql"), *statements("comments.sql"))


def keys() -> tuple[Sql, ...]:
    return statements("keys.sql")


def missing_keys(there: Collection[str]) -> tuple[Sql, ...]:
    return tuple(statement for statement in keys() if _name(statement.text) not in there)


def drop_keys() -> tuple[Sql, ...]:
    """The opposite of `keys()`: foreign keys and indexes by name, if they are there."""
    return tuple(_drop(statement.text) for statement in keys())


def _named(text: str) -> re.Match[str]:
    named = NAMED.match(text)
    if named is None:
        raise ValueError(f"keys.sql has a statement without a name: {text}")
    return named


def _name(text: str) -> str:
    named = _named(text)
    return named["key"] or named["index"]


def _drop(text: str) -> Sql:
    named = _named(text)
    if named["constraint"]:
        return Sql(f"alter table {named['table']} drop constraint if exists {named['key']}")
    return Sql(f"drop index if exists public.{named['index']}")
