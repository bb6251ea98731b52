"""How large a query becomes inside of a store, which writes a subquery's expressions wherever its columns are named.

Forty steps that each name the column before them twice are forty short lines, and 2^40 expressions to a planner: it
takes all memory of its machine before any time limit is looked at.
"""

from collections.abc import Mapping

from sqlglot import exp

from portal.sql.parse import SqlProblem

MAX_UNFOLDED = 20_000
Sizes = Mapping[str, int]  # of columns, by name
GROWING = (exp.Replace, exp.RegexpReplace)


def check_unfolded(query: exp.Query) -> None:
    """Raises SqlProblem for a query that unfolds to too much. Its names are resolved, those of CTEs stand once in it.

    >>> with a as (select x || x as y from t), b as (select y || y as z from a), ...
    too_complex: Its steps, put into one another, are too large.
    """
    Unfolding().of_query(query, {})


class Unfolding:
    def __init__(self) -> None:
        self.ctes: dict[str, Sizes] = {}

    def of_query(self, query: exp.Expr, outer: Mapping[str, Sizes]) -> Sizes:
        with_ = query.args.get("with_")
        for cte in with_.expressions if with_ is not None else ():
            self.ctes[cte.alias] = self.of_query(cte.this, outer)
        if isinstance(query, exp.Subquery):
            return self.of_query(query.this, outer)
        if isinstance(query, exp.SetOperation):
            left, right = self.of_query(query.left, outer), self.of_query(query.right, outer)
            return {name: max(size, other) for (name, size), other in zip(left.items(), right.values(), strict=False)}
        return self.of_select(query, outer)

    def of_select(self, select: exp.Expr, outer: Mapping[str, Sizes]) -> Sizes:
        seen = dict(outer)
        for part in [select.args.get("from_"), *(select.args.get("joins") or ())]:
            if part:
                seen[part.this.alias_or_name] = self.of_source(part.this, seen)
        sizes = {each.alias_or_name: self.of_expression(each, seen) for each in select.expressions}
        for name, clause in select.args.items():
            for part in clause if isinstance(clause, list) else [clause]:
                condition = part.args.get("on") if isinstance(part, exp.Join) else part
                if isinstance(condition, exp.Expr) and name not in {"expressions", "from_", "with_"}:
                    self.of_expression(condition, seen)
        return sizes

    def of_source(self, source: exp.Expr, seen: Mapping[str, Sizes]) -> Sizes:
        if isinstance(source, exp.Table):
            return self.ctes.get(source.name, {})
        if isinstance(source, exp.Lateral):
            inner = source.this
            if isinstance(inner, exp.Subquery):
                return self.of_query(inner, seen)
            size = self.of_expression(inner, seen)
            return {column.name: size for column in source.args["alias"].args.get("columns") or ()}
        return self.of_query(source, seen) if isinstance(source, exp.Query) else {}

    def of_expression(self, node: exp.Expr, seen: Mapping[str, Sizes]) -> int:
        if isinstance(node, exp.Query):
            return self.counted(1 + sum(self.of_query(node, seen).values()))
        if isinstance(node, exp.Column):
            return self.counted(seen.get(node.table, {}).get(node.name, 1))
        size = 1 + sum(self.of_expression(child, seen) for child in node.iter_expressions())
        return self.counted(size * length(node.args.get("replacement")) if isinstance(node, GROWING) else size)

    def counted(self, size: int) -> int:
        """A size, if it may be. What is inside of an expression is counted with each that holds it."""
        if size > MAX_UNFOLDED:
            raise SqlProblem(
                "too_complex",
                "Its steps, put into one another, are too large.",
                hint="Name a column that is computed of others less often in each step.",
            )
        return size


def length(replacement: exp.Expr | None) -> int:
    """By how much a text may grow where each of its characters is replaced. How long a column is, nobody knows here."""
    return max(1, len(replacement.name)) if isinstance(replacement, exp.Literal) else 1
