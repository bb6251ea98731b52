"""Refuses whatever is not in the vocabulary, before a name is resolved: metadata, files, other functions, writes."""

import re

from sqlglot import exp

from apps.compliance.policy.sql.vocabulary import (
    ALLOWED_ARGS,
    FUNCTIONS,
    JOIN_KINDS,
    JOIN_SIDES,
    LONGEST_PAD,
    MOST_DIGITS,
    NAMED,
    STRUCTURE,
    TYPES,
)
from portal.sql.parse import Dialect, SqlProblem, problem_at

ROWS = (exp.Table, exp.Subquery, exp.Lateral, exp.TableFromRows)
FLATTEN = frozenset({"input", "path", "outer", "recursive", "mode"})
OPEN = STRUCTURE | FUNCTIONS
MOST_GENERATED = 1_000_000
WORD = re.compile(r"[A-Za-z_]{1,30}( [A-Za-z_]{1,30}){0,3}")
ASK = "Only functions that compute from their arguments are open: the page “Functions” lists them, and takes wishes."


def check_allowed(tree: exp.Expr, dialect: Dialect, opened: frozenset[str] = frozenset()) -> None:
    """Raises SqlProblem at the first node, argument, function or type outside the vocabulary, and what a configuration
    has `opened` beside it ("postgres:regr_sxx").

    >>> select pg_read_file('/etc/passwd')
    function_not_allowed: The function pg_read_file is not allowed here.
    """
    for node in tree.walk():
        kind = type(node).__name__
        if kind not in OPEN:
            check_opened(node, dialect, opened)
        if kind == "Distinct" and dialect == "snowflake" and node.args.get("on"):
            raise problem_at(node, "not_supported", "DISTINCT ON is not supported here.", "Use QUALIFY ROW_NUMBER().")
        allowed = ALLOWED_ARGS.get(kind)
        if allowed is not None:
            check_args(node, allowed)
        check = CHECKS.get(kind)
        if check is not None:
            check(node)


def check_opened(node: exp.Expr, dialect: Dialect, opened: frozenset[str]) -> None:
    if isinstance(node, exp.Anonymous):
        check_named(node, dialect, opened)
    elif not is_opened(node, dialect, opened):
        raise not_allowed(node)


def not_allowed(node: exp.Expr) -> SqlProblem:
    if isinstance(node, exp.Func):
        name = node.sql_name().lower()
        return function_not_allowed(node, name)
    said = KINDS.get(type(node).__name__, f"This part of the language ({type(node).__name__}) is")
    return problem_at(node, "not_supported", f"{said} not supported here.", "Write it another way.")


KINDS = {
    "Hint": "Hints are",
    "Lock": "Locking reads (FOR UPDATE) are",
    "Into": "SELECT INTO is",
    "Lateral": "LATERAL is",
    "Values": "VALUES as a table is",
    "TableSample": "Sampling is",
    "Parameter": "Variables and numbered columns ($1) are",
    "SessionParameter": "Session variables are",
    "Placeholder": "Placeholders are",
    "ByteString": "Strings with escapes (E'...') are",
    "National": "National strings (N'...') are",
    "Dot": "Names with more parts than a table has, and fields of whole rows, are",
    "TableColumn": "A whole row as a value is",
    "Pivot": "PIVOT is",
    "Fetch": "FETCH is",
    "HistoricalData": "Time travel is",
    "Command": "This statement is",
    "Unnest": "UNNEST is",
    "Bracket": "Elements by position or key are",
    "Kwarg": "Named arguments are",
}


def function_not_allowed(node: exp.Expr, name: str) -> SqlProblem:
    problem = problem_at(node, "function_not_allowed", f"The function {name} is not allowed here.", ASK)
    problem.function = name
    return problem


def check_named(node: exp.Anonymous, dialect: Dialect, opened: frozenset[str]) -> None:
    name = node.this if isinstance(node.this, str) else ""
    if name.lower() not in NAMED[dialect] and f"{dialect}:{name.lower()}" not in opened:
        raise function_not_allowed(node, name or node.name)


def is_opened(node: exp.Expr, dialect: Dialect, opened: frozenset[str]) -> bool:
    """Of functions that the parser has a class for, any of whose names may be the one that was meant."""
    if not opened or not isinstance(node, exp.Func):
        return False
    return any(f"{dialect}:{name.lower()}" in opened for name in type(node).sql_names())


def check_args(node: exp.Expr, allowed: frozenset[str]) -> None:
    for name, value in node.args.items():
        if name not in allowed and value:
            word = name.strip("_").replace("_", " ").upper()
            nested = value[0] if isinstance(value, list) else value
            at = nested if isinstance(nested, exp.Expr) else node
            said = KINDS.get(type(nested).__name__, f"{word} is")
            raise problem_at(at, "not_supported", f"{said} not supported here.", "Write it another way.")


def check_join(node: exp.Expr) -> None:
    if node.text("kind").upper() not in JOIN_KINDS or node.text("side").upper() not in JOIN_SIDES:
        raise problem_at(node, "not_supported", "This kind of join is not supported here.", "Use JOIN ... ON.")
    if not isinstance(node.this, ROWS):
        raise not_allowed(node.this)


def check_from(node: exp.Expr) -> None:
    if not isinstance(node.this, ROWS):
        raise not_allowed(node.this)


def check_lateral(node: exp.Expr) -> None:
    """A subquery that sees its neighbours, or the elements of one of their values."""
    if not isinstance(node.parent, exp.From | exp.Join) or not node.args.get("alias"):
        raise problem_at(node, "not_supported", "LATERAL stands in FROM and has a name.", "Give it an alias.")
    if not isinstance(node.this, exp.Subquery | exp.Explode):
        raise not_allowed(node)


def check_kwarg(node: exp.Expr) -> None:
    if not isinstance(node.parent, exp.Explode | exp.MakeInterval):
        raise not_allowed(node)
    if isinstance(node.parent, exp.Explode) and node.text("this").lower() not in FLATTEN:
        raise problem_at(node, "not_supported", f"FLATTEN takes {', '.join(sorted(FLATTEN))}.", "Name one of these.")


def check_generator(node: exp.Expr) -> None:
    count = whole_number(node.args.get("rowcount"))
    if not isinstance(node.parent, exp.TableFromRows) or count is None or count > MOST_GENERATED:
        message = f"GENERATOR takes ROWCOUNT, a whole number up to {MOST_GENERATED:,}."
        raise problem_at(node, "not_supported", message, "Write the number.")


def check_rows(node: exp.Expr) -> None:
    if not isinstance(node.this, exp.Generator):
        message = "Only GENERATOR and FLATTEN can be read as tables here."
        hint = "What another query answered is not kept for others: write that query as a CTE."
        raise problem_at(node, "function_not_allowed", message, hint)


def check_moment(node: exp.Expr) -> None:
    """Only the clock tells which moment of a table is meant: the number of a statement would be somebody's."""
    if node.text("kind").upper() not in {"OFFSET", "TIMESTAMP"}:
        raise problem_at(node, "not_supported", "Time travel takes OFFSET or TIMESTAMP here.", "Say when by the clock.")
    if any(isinstance(part, exp.Column | exp.Query | exp.Star) for part in node.args["expression"].walk()):
        raise problem_at(node, "not_supported", "Time travel takes one moment for all rows.", "Write the moment out.")


def check_sample(node: exp.Expr) -> None:
    for name in ("percent", "size", "seed"):
        value = node.args.get(name)
        if value is not None and not (isinstance(value, exp.Literal) and not value.is_string):
            raise problem_at(node, "not_supported", "A sample takes a number here.", "Write the number.")


def check_type(node: exp.Expr) -> None:
    name = str(getattr(node.this, "value", node.this)).upper()
    if name not in TYPES:
        raise problem_at(
            node, "type_not_allowed", f"Values cannot be turned into {name.lower()} here.", "Use an ordinary type."
        )


def check_var(node: exp.Expr) -> None:
    if not WORD.fullmatch(node.name):
        raise problem_at(node, "not_supported", "This word is not supported here.", "Write it another way.")


def check_literal_number(node: exp.Expr) -> None:
    expression = node.args.get("expression")
    if whole_number(expression) is None:
        raise problem_at(node, "not_supported", "LIMIT and OFFSET take a whole number here.", "Write the number.")


def whole_number(node: object) -> int | None:
    """A number with more digits than a store can count with is none."""
    if not isinstance(node, exp.Literal) or node.is_string or not node.name.isdecimal():
        return None
    return int(node.name) if len(node.name) <= MOST_DIGITS else None


def check_pad(node: exp.Expr) -> None:
    length = whole_number(node.args.get("expression"))
    if length is None or length > LONGEST_PAD:
        raise problem_at(
            node, "not_supported", f"Padding takes a whole number up to {LONGEST_PAD}.", "Write the number."
        )


def check_star(node: exp.Expr) -> None:
    """A star is a list of columns, or what COUNT counts; as an argument it would be a whole row."""
    holder = node.parent
    if isinstance(holder, exp.Column):
        holder = holder.parent
        if isinstance(holder, exp.Select):
            return
    elif isinstance(holder, exp.Count | exp.Select):
        return
    raise problem_at(node, "not_supported", "A whole row as a value is not supported here.", "Name the columns.")


def check_table(node: exp.Expr) -> None:
    if not isinstance(node.this, exp.Identifier):
        raise problem_at(
            node,
            "not_a_table",
            "Only tables and views of the catalog can be read here.",
            "Stages, files, functions and variables cannot stand in FROM.",
        )


CHECKS = {
    "Join": check_join,
    "From": check_from,
    "DataType": check_type,
    "Var": check_var,
    "Limit": check_literal_number,
    "Offset": check_literal_number,
    "Pad": check_pad,
    "Lateral": check_lateral,
    "Kwarg": check_kwarg,
    "Generator": check_generator,
    "TableFromRows": check_rows,
    "HistoricalData": check_moment,
    "TableSample": check_sample,
    "Star": check_star,
    "Table": check_table,
}
