"""A statement without its literals and comments: what may be kept of a text that can hold anybody's data."""

import hashlib
import re

from sqlglot.dialects.dialect import Dialect as Dialects
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from portal.sql.parse import BAD, MAX_CHARACTERS, Dialect

LITERALS = {
    TokenType.STRING,
    TokenType.NUMBER,
    TokenType.BIT_STRING,
    TokenType.HEX_STRING,
    TokenType.BYTE_STRING,
    TokenType.NATIONAL_RAW_STRING,
    TokenType.NATIONAL_STRING,
    TokenType.RAW_STRING,
    TokenType.HEREDOC_STRING,
    TokenType.UNICODE_STRING,
}
HOLDER = "?"
# A quoted name is a name, unless it looks like what somebody put between the wrong quotes.
NAME = re.compile(r'["`](?!.*\d{5})[\w $.\-]{1,100}["`]')
TOO_LONG = f"(longer than {MAX_CHARACTERS:,} characters)"
UNREADABLE = "(its quotes do not close)"
LISTS = ((re.compile(r"\?(?: , \?)+"), "?"), (re.compile(r"\( \? \)(?: , \( \? \))+"), "( ? )"))


def stripped(text: str, dialect: Dialect) -> str:
    """Every literal is `?`; a list of them is one, so that executions that differ in their values are one statement.

    >>> stripped("insert into t values (1, 'jane'), (2, 'bob') -- for jane", "snowflake")
    'insert into t values ( ? )'
    """
    if len(text) > MAX_CHARACTERS:
        return TOO_LONG
    text = BAD.sub(" ", text)
    try:
        tokens = Dialects.get_or_raise(dialect).tokenize(text)
    except SqlglotError:
        return UNREADABLE
    told = " ".join(_kept(token, text[token.start : token.end + 1]) for token in tokens)
    for pattern, one in LISTS:
        told = pattern.sub(one, told)
    return told.replace(" . ", ".").replace(" , ", ", ")


def _kept(token: Token, typed: str) -> str:
    if token.token_type in LITERALS:
        return HOLDER
    if token.token_type is TokenType.IDENTIFIER:
        return typed if NAME.fullmatch(typed) else HOLDER
    return typed


def fingerprint(*texts: str) -> str:
    """Of stripped texts, in their order."""
    return hashlib.sha256("\0".join(texts).encode(errors="replace")).hexdigest()
