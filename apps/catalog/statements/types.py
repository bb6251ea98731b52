"""Statements as a warehouse's history tells them, and what came of taking them in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class Executed:
    """One executed statement. `line` is its place in what was handed in, from 1; statements of one `session` see each
    other's temporary tables; `path` is the database and schema that its bare names are completed with."""

    line: int
    text: str
    at: datetime
    session: str = ""
    user: str = ""
    id: str = ""
    path: tuple[str, ...] = ()


@dataclass(frozen=True)
class StatementsReport:
    """`wrong` are lines that are no statement, with the reason; `unread` lines whose statement is not understood;
    `unmatched` tables that statements wrote and that the catalog does not hold."""

    statements: int
    written: int
    edges: int
    row_edges: int
    wrong: Mapping[int, str] = field(default_factory=dict)
    unread: Mapping[int, str] = field(default_factory=dict)
    unmatched: tuple[str, ...] = ()
