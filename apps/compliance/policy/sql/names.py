"""Gives each unnamed expression the name that people know from the store, before it is rewritten."""

from sqlglot import exp

from apps.compliance.policy.sql.work import Work
from portal.sql.parse import Dialect

LONGEST = 60


def name_outputs(work: Work) -> Work:
    """Names every expression without an alias.

    >>> select count(*), lower(city) from t         (postgres)
    select count(*) as count, lower(city) as lower from t
    """
    for select in list(work.tree.find_all(exp.Select)):
        # All at once: a tree that replaces one of many children counts all of them anew.
        select.set("expressions", [named(e, at, work.dialect) for at, e in enumerate(select.expressions, 1)])
    return work


def named(expression: exp.Expr, position: int, dialect: Dialect) -> exp.Expr:
    if isinstance(expression, exp.Alias | exp.Column | exp.Star):
        return expression
    name = postgres_name(expression) if dialect == "postgres" else snowflake_name(expression, position)
    return exp.Alias(this=expression, alias=exp.to_identifier(name, quoted=True))


def postgres_name(expression: exp.Expr) -> str:
    if isinstance(expression, exp.Cast):
        of_value = postgres_name(expression.this)
        return of_value if of_value != "?column?" else expression.to.sql("postgres").lower()
    if isinstance(expression, exp.Column | exp.Alias):
        return expression.alias_or_name
    if isinstance(expression, exp.Paren | exp.Window | exp.Filter | exp.WithinGroup):
        return postgres_name(expression.this)
    if isinstance(expression, exp.Subquery):
        inner = expression.unnest()
        first = inner.expressions[0] if isinstance(inner, exp.Select) and inner.expressions else None
        return "?column?" if first is None else postgres_name(first)
    if isinstance(expression, exp.Func) and type(expression) not in (exp.And, exp.Or):
        return expression.sql("postgres").split("(")[0].split(" ")[0].strip('"').lower()[:LONGEST]
    return "?column?"


def snowflake_name(expression: exp.Expr, position: int) -> str:
    """Snowflake names by the text; a text with a typed value in it is not repeated, it may be somebody's."""
    text = expression.sql("snowflake", comments=False)
    if len(text) > LONGEST or any(literal.is_string for literal in expression.find_all(exp.Literal)):
        return f"EXPR_{position}"
    return text.replace('"', "").upper()
