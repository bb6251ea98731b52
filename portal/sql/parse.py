"""One typed text becomes one query, or a problem with its place."""

import re
from typing import Literal

import sqlglot
from sqlglot import exp
from sqlglot.errors import ErrorLevel, ParseError, SqlglotError, TokenError

Dialect = Literal["snowflake", "postgres"]

MAX_CHARACTERS = 100_000
MAX_NODES = 20_000
# Controls but for tab and line ends, and halves of a pair that stands for one character: no store can be sent these.
BAD = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
QUERY_TYPES = (exp.Select, exp.SetOperation, exp.Subquery)


class SqlProblem(Exception):
    """Why a text cannot be taken. `code` is stable; line and column are 1-based where they are known."""

    def __init__(
        self, code: str, message: str, *, hint: str = "", line: int | None = None, column: int | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.line = line
        self.column = column
        self.function = ""  # the name of one that may not be called


def problem_at(node: exp.Expr, code: str, message: str, hint: str = "") -> SqlProblem:
    """A problem at the first place in the text that the node or one of its children remembers."""
    for part in node.walk():
        line = part.meta.get("line")
        if line is not None:
            return SqlProblem(code, message, hint=hint, line=line, column=column_of(part))
    return SqlProblem(code, message, hint=hint)


def column_of(node: exp.Expr) -> int:
    """Where its word starts: the parser remembers the column at which it ends, and both offsets."""
    meta = node.meta
    return max(1, int(meta["col"]) - (int(meta["end"]) - int(meta["start"])))


def parse_query(text: str, dialect: Dialect) -> exp.Query:
    """The single query that `text` is. Raises SqlProblem when it is anything else.

    >>> parse_query("select 1; drop table t", "postgres")
    SqlProblem: many_statements
    """
    check_characters(text)
    statements = [s for s in parsed(text, dialect) if s is not None and not isinstance(s, exp.Semicolon)]
    if not statements:
        raise SqlProblem("empty", "There is no statement to run.", hint="Type a SELECT.")
    if len(statements) > 1:
        raise SqlProblem(
            "many_statements",
            f"There are {len(statements)} statements; one at a time can run.",
            hint="Remove all but one, and the semicolons between them.",
        )
    return as_query(statements[0])


def check_characters(text: str) -> None:
    if len(text) > MAX_CHARACTERS:
        raise SqlProblem("too_long", f"The text has more than {MAX_CHARACTERS:,} characters.", hint="Shorten it.")
    if bad := BAD.search(text):
        raise SqlProblem(
            "bad_character",
            f"The text holds U+{ord(bad.group()):04X}, which no text may hold.",
            hint="Delete it; it is often invisible.",
        )


def parsed(text: str, dialect: Dialect) -> list[exp.Expr | None]:
    try:
        return list(sqlglot.parse(text, read=dialect, error_level=ErrorLevel.IMMEDIATE))
    except ParseError as error:
        first = error.errors[0] if error.errors else {}
        raise SqlProblem(
            "not_understood",
            f"This is not understood: {first.get('description') or 'the text ends too early'}.",
            hint="Check the spelling around the marked place.",
            line=first.get("line"),
            # The parser says where the marked word ends.
            column=max(1, first["col"] - len(first.get("highlight") or " ") + 1) if "col" in first else None,
        ) from None
    except TokenError:
        raise SqlProblem(
            "not_understood", "A quote, bracket or comment is opened and never closed.", hint="Close it."
        ) from None
    except (RecursionError, ValueError, TypeError, KeyError, IndexError, AttributeError):
        # The parser's own failures on hostile input must end as a refusal, never as a broken page.
        raise SqlProblem("not_understood", "This is not understood.", hint="Simplify the statement.") from None


def as_query(statement: exp.Expr) -> exp.Query:
    if not isinstance(statement, QUERY_TYPES):
        raise SqlProblem(
            "not_a_query",
            "Only queries run here; this statement is not one.",
            hint="Start with SELECT or WITH. Nothing can be written or changed from here.",
        )
    for count, _node in enumerate(statement.walk()):
        if count > MAX_NODES:
            raise SqlProblem("too_complex", "The statement is too large to be checked.", hint="Split it.")
    return statement


def readable(text: str, dialect: Dialect) -> str:
    """The same text in lines, for people; as it is where it cannot be read."""
    try:
        return sqlglot.parse_one(text, read=dialect).sql(dialect, pretty=True)
    except (SqlglotError, RecursionError):
        return text
