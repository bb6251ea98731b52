"""What may be called in SQL, found by asking the check itself: there is no second list that could say otherwise."""

import re
from dataclasses import dataclass
from functools import lru_cache

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect as Grammar
from sqlglot.errors import ErrorLevel, SqlglotError

from apps.compliance.policy.sql.allow import check_allowed
from apps.compliance.policy.sql.shorthand import write_out
from apps.compliance.policy.sql.vocabulary import NAMED
from portal.sql.parse import Dialect, SqlProblem, parse_query

# Ways in which functions are called; the number of arguments and their words differ.
CALLS = ("{n}(a)", "{n}(a, b)", "{n}()", "{n}(a, b, c)", "{n}('x', a)", "{n}(a AS TEXT)", "{n}(YEAR FROM a)")
MORE = ("{n}(a IN b)", "{n}", "{n}(a, '2')", "{n}(a, 2, 'x')", "{n}(day, a, b)", "{n}(1, 2)")
TABLES = ("{n}(1, 2) AS f", "{n}(t.a) AS f", "TABLE({n}(ROWCOUNT => 5)) AS f", "TABLE({n}(INPUT => t.a)) AS f")
CALLED = "SELECT {call} FROM t"
READ = "SELECT 1 FROM t, {call}"
NAME = re.compile("[A-Z_][A-Z0-9_]*")
# What reads, writes, waits or runs by its arguments: opened by no configuration, whoever asks.
NEVER = re.compile(
    r"pg_|lo_|lowrite|loread|dblink|portico|system\$|txid_|set_config|current_setting|nextval|currval|setval|lastval"
    r"|(query|table|schema|database|cursor)_to_|ts_stat|ts_rewrite|xpath_table|crosstab|connectby|get_ddl|result_scan"
    r"|inet_(server|client)|current_(user|role|schema|database|session|statement|transaction|account|warehouse)"
    r"|session_user|user$|version$|token$|noise$|has_|row_security|file_|read_|http|external_|ai_|complete$"
)
WORD = re.compile(r"(postgres|snowflake):[a-z_][a-z0-9_]{0,62}")


@dataclass(frozen=True)
class Openings:
    """Names in upper case, sorted. `configured` are among `functions`."""

    functions: tuple[str, ...]
    tables: tuple[str, ...]
    configured: frozenset[str]


def problems(words: frozenset[str]) -> list[str]:
    """What is wrong with names that a configuration opens."""
    found = []
    for word in sorted(words):
        if not WORD.fullmatch(word):
            found.append(f"{word!r} is not written as postgres:name or snowflake:name")
        elif NEVER.match(word.partition(":")[2]):
            found.append(f"{word!r} does not compute from its arguments alone, and is never opened")
    return found


@lru_cache(maxsize=8)
def openings(dialect: Dialect, configured: frozenset[str] = frozenset()) -> Openings:
    """Takes about a second the first time: each name that the parser knows is tried."""
    own = {word.partition(":")[2].upper() for word in configured if word.startswith(f"{dialect}:")}
    names = sorted(known(dialect) | own)
    return Openings(
        tuple(name for name in names if is_open(CALLED, (*CALLS, *MORE), name, dialect, configured)),
        tuple(name for name in names if is_open(READ, TABLES, name, dialect, frozenset())),
        frozenset(own),
    )


def known(dialect: Dialect) -> set[str]:
    parser = Grammar.get_or_raise(dialect).parser_class
    bare = {token.name for token in parser.NO_PAREN_FUNCTIONS}
    every = {*parser.FUNCTIONS, *parser.FUNCTION_PARSERS, *bare, *NAMED[dialect]}
    return {name.upper() for name in every if NAME.fullmatch(name.upper())}


def is_open(query: str, ways: tuple[str, ...], name: str, dialect: Dialect, configured: frozenset[str]) -> bool:
    return any(passes(query.format(call=way.format(n=name)), dialect, configured) for way in ways)


def passes(text: str, dialect: Dialect, configured: frozenset[str]) -> bool:
    """Whether the gate takes the text, and can write it for its store."""
    try:
        tree = parse_query(text, dialect)
        called = not isinstance(tree.expressions[0], exp.Column)
        tree = write_out(tree, dialect)
        check_allowed(tree, dialect, configured)
        tree.sql(dialect, unsupported_level=ErrorLevel.RAISE)
    except (SqlProblem, SqlglotError, AttributeError, IndexError, TypeError, ValueError):
        return False
    return called
