"""Writes out what has a plainer form, so that the steps behind know few shapes: tables of values, series, samples.

Each function takes one node and puts its plain form there, or leaves it, and then it is refused as what it is.
"""

from collections.abc import Callable

from sqlglot import exp

from apps.compliance.policy.sql.pivots import pivots, table_alias, union_all
from portal.sql.parse import Dialect, problem_at

MOST_VALUES = 200


def write_out(tree: exp.Query, dialect: Dialect) -> exp.Query:
    """Changes the tree in place, inner nodes first. Raises SqlProblem for a shorthand that stands for too much."""
    for node in reversed(list(tree.walk())):
        if isinstance(node, exp.Table | exp.Subquery):
            pivots(node, dialect)
            sample(node, dialect)
        write = WAYS.get(type(node))
        if write is not None and node is not tree:
            write(node, dialect)
        if isinstance(node, exp.Query):
            fetch(node)
    return tree


def fetch(query: exp.Query) -> None:
    """`FETCH FIRST 10 ROWS ONLY` becomes `LIMIT 10`."""
    found = query.args.get("limit")
    options = found.args.get("limit_options") if isinstance(found, exp.Fetch) else None
    if found is None or not isinstance(found, exp.Fetch) or (options and any_of(options, "percent", "with_ties")):
        return
    query.set("limit", exp.Limit(expression=found.args.get("count") or exp.Literal.number(1)))


def any_of(node: exp.Expr, *names: str) -> bool:
    return any(node.args.get(name) for name in names)


def values(node: exp.Expr, dialect: Dialect) -> None:
    """`(values (1, 'a'), (2, 'b')) as t (n, s)` becomes a UNION ALL of SELECTs.

    >>> select s from (values (1, 'a'), (2, 'b')) as t (n, s)
    select s from (select 1 as n, 'a' as s union all select 2, 'b') as t
    """
    rows = [row.expressions if isinstance(row, exp.Tuple) else [row] for row in node.expressions]
    if not isinstance(node.parent, exp.From | exp.Join) or len({len(row) for row in rows}) != 1:
        return
    if len(rows) > MOST_VALUES:
        raise problem_at(node, "too_complex", f"VALUES with {len(rows)} rows; {MOST_VALUES} is the most.", "Split it.")
    alias = node.args.get("alias")
    typed = [name.copy() for name in alias.args.get("columns") or ()] if alias else []
    usual = [exp.to_identifier(f"column{at}", quoted=False) for at in range(1, len(rows[0]) + 1)]
    names = [*typed, *usual[len(typed) :]]
    selects: list[exp.Query] = [
        exp.Select(
            expressions=[exp.Alias(this=value, alias=name.copy()) for value, name in zip(row, names, strict=True)]
        )
        for row in rows
    ]
    node.replace(exp.Subquery(this=union_all(selects), alias=table_alias(alias)))


def series(node: exp.Expr, dialect: Dialect) -> None:
    """`generate_series(1, 9) as d (n)` becomes `lateral (select generate_series(1, 9) as n) as d`: there a store
    hands its rows on one by one, and in FROM it keeps all of them first."""
    if isinstance(node.this, exp.ExplodingGenerateSeries):
        in_select(node, node.this, "generate_series")


def unnest(node: exp.Expr, dialect: Dialect) -> None:
    """`unnest(t.tags) as u (tag)` becomes `lateral (select unnest(t.tags) as tag) as u`."""
    if dialect == "postgres" and len(node.expressions) == 1 and not node.args.get("offset"):
        in_select(node, exp.Explode(this=node.expressions[0]), "unnest")


def in_select(node: exp.Expr, rows: exp.Expr, usual: str) -> None:
    """A table's alias names its only column, too, where that has no name of its own."""
    alias = node.args.get("alias")
    columns = alias.args.get("columns") if alias is not None else None
    if not isinstance(node.parent, exp.From | exp.Join) or len(columns or ()) > 1:
        return
    table = alias.this.copy() if alias is not None and alias.this else exp.to_identifier(usual)
    name = columns[0].copy() if columns else table.copy()
    select = exp.Select(expressions=[exp.Alias(this=rows.copy(), alias=name)])
    lateral = exp.Lateral(this=exp.Subquery(this=select), alias=exp.TableAlias(this=table))
    node.replace(lateral)


def flattened(node: exp.Expr, dialect: Dialect) -> None:
    """`table(flatten(input => t.tags)) f` is `lateral flatten(input => t.tags) f`."""
    if not isinstance(node.this, exp.Explode) or not isinstance(node.parent, exp.From | exp.Join):
        return
    columns = [exp.to_identifier(name) for name in ("SEQ", "KEY", "PATH", "INDEX", "VALUE", "THIS")]
    alias = exp.TableAlias(this=(table_alias(node.args.get("alias")) or exp.TableAlias()).this, columns=columns)
    node.replace(exp.Lateral(this=node.this.copy(), alias=alias))


def sample(node: exp.Expr, dialect: Dialect) -> None:
    """PostgreSQL samples a table, but no subquery: there each row is drawn by lot, behind its masks. Snowflake's own
    sample is moved behind the masks when they are put in (`tables.py`)."""
    found = node.args.get("sample")
    if found is None or dialect != "postgres" or not isinstance(node.parent, exp.From | exp.Join):
        return
    percent = found.args.get("percent")
    if found.text("method").upper() != "BERNOULLI" or percent is None or found.args.get("seed"):
        raise problem_at(found, "not_supported", "Only TABLESAMPLE BERNOULLI (percent) is supported here.", "Use it.")
    name = node.args.get("alias") or exp.TableAlias(this=exp.to_identifier(node.name))
    node.set("sample", None)
    share = exp.Div(this=percent.copy(), expression=exp.Literal.number("100.0"))
    select = exp.Select(expressions=[exp.Star()], from_=exp.From(this=node.copy()))
    node.replace(exp.Subquery(this=select.where(exp.LT(this=exp.Rand(), expression=share)), alias=name.copy()))


WAYS: dict[type[exp.Expr], Callable[[exp.Expr, Dialect], None]] = {
    exp.Values: values,
    exp.Table: series,
    exp.Unnest: unnest,
    exp.TableFromRows: flattened,
}
