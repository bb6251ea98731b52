"""Which names in a query are tables of the store, decided by lexical scope and never by name alone."""

from collections.abc import Callable, Mapping
from itertools import count

from sqlglot import exp

from portal.sql.parse import SqlProblem, problem_at

CTE_PREFIX = "portico_cte_"
Replace = Callable[[exp.Table], exp.Expr]


def bind_tables(query: exp.Query, replace: Replace) -> exp.Query:
    """Calls `replace` for every table of the store and puts its answer there; renames every CTE.

    A CTE gets a name that no table can have, so that the engine cannot read a reference to it as a table, whatever
    its own rules of visibility are. A table's alias stays the name people use.

    >>> with orders as (select * from orders) select * from orders
    with portico_cte_1 as (select * from <replaced>) select * from portico_cte_1 as orders
    """
    binder = Binder(replace)
    binder.walk(query, {})
    return query


class Binder:
    def __init__(self, replace: Replace) -> None:
        self.replace = replace
        self.numbers = count(1)

    def walk(self, node: exp.Expr, visible: Mapping[str, str]) -> None:
        with_ = node.args.get("with_")
        if with_ is not None:
            visible = self.bind_with(with_, visible)
        for child in list(node.iter_expressions()):
            if child is with_:
                continue
            if isinstance(child, exp.Table):
                self.bind_table(child, visible)
            else:
                self.walk(child, visible)

    def bind_with(self, with_: exp.With, visible: Mapping[str, str]) -> Mapping[str, str]:
        if with_.args.get("recursive"):
            raise problem_at(
                with_,
                "recursion_not_allowed",
                "Recursive queries are not supported here.",
                "Write the steps out, or ask the data team for a table that holds the result.",
            )
        for cte in with_.expressions:
            if cte.alias in visible and any(cte.alias == other.meta.get("typed") for other in with_.expressions):
                raise problem_at(cte, "duplicate_name", f"“{cte.alias}” is defined twice.", "Rename one of them.")
            self.walk(cte, visible)
            visible = {**visible, cte.alias: self.rename(cte)}
        return visible

    def rename(self, cte: exp.CTE) -> str:
        name = f"{CTE_PREFIX}{next(self.numbers)}"
        cte.meta["typed"] = cte.alias
        cte.args["alias"].set("this", exp.to_identifier(name, quoted=True))
        return name

    def bind_table(self, table: exp.Table, visible: Mapping[str, str]) -> None:
        if not isinstance(table.this, exp.Identifier):
            raise problem_at(
                table,
                "not_a_table",
                "Only tables and views of the catalog can be read here.",
                "Stages, files, functions and variables cannot stand in FROM.",
            )
        if table.name.startswith(CTE_PREFIX):
            raise SqlProblem("reserved_name", f"Names that start with {CTE_PREFIX} are reserved.")
        renamed = None if table.args.get("db") else visible.get(table.name)
        if renamed is None:
            table.replace(self.replace(table))
            return
        if table.args.get("when") or table.args.get("changes"):
            raise problem_at(table, "not_supported", "Only tables have a past.", "Put AT behind the table's own name.")
        if not table.alias:
            table.set("alias", exp.TableAlias(this=exp.to_identifier(table.name, quoted=True)))
        table.set("this", exp.to_identifier(renamed, quoted=True))
