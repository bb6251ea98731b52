"""Each query that reads a dataset in groups: what it may say of them."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlglot import exp

from apps.compliance.policy.sql.calm import CODE, check_calm
from apps.compliance.policy.sql.work import Scan, Work
from apps.compliance.policy.types import GroupSize
from portal.sql.parse import SqlProblem, problem_at

AGGREGATES = (exp.Count, exp.CountIf, exp.Sum, exp.Avg, exp.Stddev, exp.StddevPop, exp.StddevSamp, exp.Variance,
    exp.VariancePop, exp.ApproxDistinct, exp.LogicalAnd, exp.LogicalOr, exp.Corr, exp.CovarPop,
    exp.CovarSamp)  # fmt: skip
SETS = ("grouping_sets", "cube", "rollup")
AGGREGATE = (
    "Aggregate where the table is read, as in SELECT country, COUNT(*) FROM ... GROUP BY country; join, order, number "
    "or combine the answer in a query around it."
)
WINDOWS = "Windows are computed before groups are left out"


@dataclass(frozen=True)
class Block:
    """A SELECT that reads scans which are shown in groups alone, by the names that they have in it."""

    select: exp.Select
    scans: dict[str, Scan]

    @property
    def rule(self) -> GroupSize:
        return next(iter(self.scans.values())).groups[0]

    @property
    def keys(self) -> list[exp.Expr]:
        group = self.select.args.get("group")
        if group is None:
            return []
        if group.args.get("all"):
            return [each.unalias() for each in self.select.expressions if not any(aggregates(each))]
        return [key for each in group.expressions for key in parts_of(each)]

    @property
    def told(self) -> list[exp.Expr]:
        """What is computed of the groups: the answer, HAVING, ORDER BY and DISTINCT ON."""
        having, order, distinct = (self.select.args.get(name) for name in ("having", "order", "distinct"))
        ordered = [each.this for each in order.expressions] if order is not None else []
        on = [distinct.args["on"]] if distinct is not None and distinct.args.get("on") else []
        return [
            *(each.unalias() for each in self.select.expressions),
            *([having.this] if having else []),
            *ordered,
            *on,
        ]

    def too_fine(self, node: exp.Expr, what: str, hint: str = AGGREGATE) -> SqlProblem:
        name = next(iter(self.scans.values())).dataset.path[-1]
        why = (
            f"the rule “{self.rule.id}” shows {name} in groups of {self.rule.at_least} or more {self.rule.entity} only"
        )
        return problem_at(node, CODE, f"{what}: {why}.", hint)


def blocks(tree: exp.Expr, sized: dict[str, Scan]) -> Iterator[Block]:
    for select in list(tree.find_all(exp.Select)):
        scans = {
            s.alias_or_name: sized[s.name] for s in sources(select) if isinstance(s, exp.Table) and s.name in sized
        }
        if scans:
            yield Block(select, scans)


def parts_of(key: exp.Expr) -> list[exp.Expr]:
    """`GROUP BY (a, b)` is `GROUP BY a, b`."""
    return key.expressions if isinstance(key, exp.Tuple) else [key.unnest()]


def sources(select: exp.Expr) -> list[exp.Expr]:
    parts = [select.args.get("from_"), *(select.args.get("joins") or ())]
    return [part.this for part in parts if part]


def check_place(table: exp.Table, scan: Scan) -> None:
    """In FROM or JOIN of a SELECT, whole: nothing else is followed."""
    holder = table.parent
    if not isinstance(holder, exp.From | exp.Join) or not isinstance(holder.parent, exp.Select):
        raise Block(exp.Select(), {table.name: scan}).too_fine(table, "A table in brackets")
    if table.args.get("sample"):
        raise Block(exp.Select(), {table.name: scan}).too_fine(table, "A sample")


def check_block(block: Block, work: Work) -> None:
    check_shape(block)
    for column in block.select.find_all(exp.Column):
        check_scope(block, column)
    for each in block.told:
        check_told(block, each, work)
    for each in [*block.keys, *row_by_row(block.select)]:
        check_calm(each, work.dialect)


def check_shape(block: Block) -> None:
    select, group = block.select, block.select.args.get("group")
    if group is None and not any(any(aggregates(each)) for each in block.told):
        raise block.too_fine(select, "Rows are read one by one here")
    if group is not None and (any(group.args.get(name) for name in SETS) or group.find(exp.Cube, exp.Rollup)):
        hint = "Use GROUP BY alone."
        raise block.too_fine(group, "A total beside its parts tells of the part that is left out", hint)
    if select.args.get("qualify") or select.args.get("windows") or any(key.find(exp.Window) for key in block.keys):
        raise block.too_fine(select, WINDOWS)


def row_by_row(select: exp.Select) -> list[exp.Expr]:
    joins = [join.args.get("on") for join in select.args.get("joins") or ()]
    return [each for each in [select.args.get("where"), *sources(select), *joins] if each is not None]


def reached(found: list[Block], tree: exp.Query) -> list[exp.CTE]:
    """The CTEs that they read, and those that these read: they are computed, or not, as rows want them."""
    known = {cte.alias: cte for cte in tree.find_all(exp.CTE)}
    ctes: dict[str, exp.CTE] = {}
    waiting: list[exp.Expr] = [block.select for block in found]
    while waiting:
        for table in waiting.pop().find_all(exp.Table):
            if table.name in known and table.name not in ctes:
                ctes[table.name] = known[table.name]
                waiting.append(known[table.name])
    return list(ctes.values())


def check_scope(block: Block, column: exp.Column) -> None:
    """A subquery that is computed for each row, inside or around, would be asked about each row."""
    if not column.table:
        return
    inner = nearest = column.find_ancestor(exp.Select)
    while inner is not None and column.table not in {source.alias_or_name for source in sources(inner)}:
        inner = inner.find_ancestor(exp.Select) if inner is not block.select else None
    if inner is None or (inner is block.select and nearest is not inner):
        raise block.too_fine(column, "A subquery that is computed for each row tells of single rows")


def check_told(block: Block, node: exp.Expr, work: Work) -> None:
    """What groups show: their keys, and aggregates that no single value comes out of."""
    if any(node == key for key in block.keys) or isinstance(node, exp.Query):
        return
    if is_aggregate(node):
        check_argument(node, work)
    elif isinstance(node, exp.Filter) and is_aggregate(node.this):
        check_argument(node.this, work)
        check_calm(node.expression, work.dialect)
    elif isinstance(node, exp.Column) and node.table:
        raise block.too_fine(node, f"{node.name} is read one by one here")
    else:
        check_kind(block, node)
        for child in node.iter_expressions():
            check_told(block, child, work)


def check_argument(call: exp.Expr, work: Work) -> None:
    """`every` has no class of its own."""
    for part in call.expressions if isinstance(call, exp.Anonymous) else [call]:
        check_calm(part, work.dialect)


def check_kind(block: Block, node: exp.Expr) -> None:
    if isinstance(node, exp.Window):
        raise block.too_fine(node, WINDOWS)
    if isinstance(node, exp.AggFunc | exp.WithinGroup | exp.Filter):
        name = node.find(exp.Func)
        said = name.sql_name().upper() if name is not None else "This"
        raise block.too_fine(node, f"{said} shows the value of one row", "Use COUNT, SUM, AVG, STDDEV or VARIANCE.")


def is_aggregate(node: exp.Expr) -> bool:
    return isinstance(node, AGGREGATES) or (isinstance(node, exp.Anonymous) and node.name.lower() == "every")


def aggregates(node: exp.Expr) -> Iterator[exp.Expr]:
    """Those of this query, not of one inside of it."""
    if isinstance(node, exp.AggFunc | exp.WithinGroup) or is_aggregate(node):
        yield node
    elif not isinstance(node, exp.Query):
        for child in node.iter_expressions():
            yield from aggregates(child)
