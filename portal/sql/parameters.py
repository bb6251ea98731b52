"""`:name` in a typed text, and the text with a literal in each one's place.

A literal is put in between tokens, so that it stays one whatever it holds; in strings, quoted names and comments a
`:name` is what was typed. What comes out is parsed and checked like any other typed text.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal

from sqlglot.dialects.dialect import Dialect as Dialects
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from portal.sql.parse import MAX_CHARACTERS, Dialect

Value = str | int | bool | Decimal | date | datetime
WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# Behind one of these a colon goes into a value (`payload:city`) or a slice (`a[1:n]`), however it is spaced.
OPERANDS = {
    TokenType.VAR,
    TokenType.IDENTIFIER,
    TokenType.NUMBER,
    TokenType.STRING,
    TokenType.R_PAREN,
    TokenType.R_BRACKET,
}


def names_in(text: str, dialect: Dialect) -> tuple[str, ...]:
    """The parameters of a text in the order of their first place. A text that is no SQL has none: the engine says so.

    >>> names_in("select payload:city from t where day >= :from_day and kind = ':x'", "snowflake")
    ('from_day',)
    """
    return tuple(dict.fromkeys(name for _, _, name in places(text, dialect)))


def bound(text: str, dialect: Dialect, values: Mapping[str, Value]) -> str:
    """The text with literals in place of the parameters that have a value; the others stay as they are."""
    parts, done = [], 0
    for start, end, name in places(text, dialect):
        if name in values:
            parts += [text[done:start], literal(values[name], dialect)]
            done = end
    return "".join([*parts, text[done:]])


def places(text: str, dialect: Dialect) -> Iterator[tuple[int, int, str]]:
    """From where to where (characters) a parameter stands, and its name."""
    if len(text) > MAX_CHARACTERS:
        return
    try:
        tokens = Dialects.get_or_raise(dialect).tokenize(text)
    except SqlglotError:
        return
    for at, colon in enumerate(tokens[:-1]):
        word = tokens[at + 1]
        name = text[word.start : word.end + 1]
        is_name = colon.token_type is TokenType.COLON and word.start == colon.end + 1 and WORD.fullmatch(name)
        if is_name and not follows_value(tokens, at, text):
            yield colon.start, word.end + 1, name


def follows_value(tokens: list[Token], at: int, text: str) -> bool:
    if at == 0:
        return False
    before = tokens[at - 1]
    if before.token_type is TokenType.L_BRACKET:  # `a[:n]` is a slice, `array[:n]` a list
        return at > 1 and tokens[at - 2].token_type in OPERANDS
    adjacent = before.end + 1 == tokens[at].start and text[before.end].isalnum()
    return before.token_type in OPERANDS or adjacent


def literal(value: Value, dialect: Dialect) -> str:
    """One literal of the dialect. Times are told in UTC."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | Decimal):
        return f"({value:f})" if isinstance(value, Decimal) else f"({value})"
    if isinstance(value, datetime):
        return f"CAST('{value.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}' AS TIMESTAMP)"
    if isinstance(value, date):
        return f"CAST('{value.isoformat()}' AS DATE)"
    inner = value.replace("\\", "\\\\") if dialect == "snowflake" else value
    return "'" + inner.replace("'", "''") + "'"
