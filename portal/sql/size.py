"""How large a query grows once its names are resolved, told before they are: a short text can grow without bound."""

from collections.abc import Iterable, Mapping

from sqlglot import exp

from portal.sql.parse import MAX_NODES, SqlProblem, problem_at

MAX_TABLES = 100
MAX_SELECTS = 300
MAX_COLUMNS = 2_000
NODES_OF_A_COLUMN = 5  # a star's column: its alias, its source, its names
FLATTENED = 6  # columns of FLATTEN
CLAUSES = ("distinct", "where", "group", "having", "qualify", "windows", "order", "joins")
SPLIT = "Select less at a time, or split it."


def check_size(query: exp.Query, columns: Mapping[str, tuple[str, ...]]) -> None:
    """Raises SqlProblem where stars, references to aliases and USING would make a tree too large to be resolved.

    `columns` are those of each table of the store. CTEs have names that stand once in the query.

    >>> select 1 as a, a+a as b, b+b as c, c+c as d, ...
    too_complex: The statement is too large to be checked.
    """
    Growth(columns).of_query(query, query)


def check_nodes(query: exp.Expr) -> None:
    for count, _node in enumerate(query.walk()):
        if count > MAX_NODES:
            raise SqlProblem("too_complex", "The statement is too large to be checked.", hint=SPLIT)


def check_counts(query: exp.Query) -> None:
    """What makes a query slow to resolve whatever its names are."""
    found = list(query.find_all(exp.Table, exp.Select))
    selects = [node for node in found if isinstance(node, exp.Select)]
    tables = len(found) - len(selects)
    if tables > MAX_TABLES:
        raise SqlProblem("too_complex", f"It reads tables {tables} times; {MAX_TABLES} is the most.", hint=SPLIT)
    if len(selects) > MAX_SELECTS:
        raise SqlProblem("too_complex", f"It holds {len(selects)} SELECTs; {MAX_SELECTS} is the most.", hint=SPLIT)
    widest = max((len(select.expressions) for select in selects), default=0)
    if widest > MAX_COLUMNS:
        raise SqlProblem("too_complex", f"It selects {widest:,} columns; {MAX_COLUMNS:,} is the most.", hint=SPLIT)


class Growth:
    """Adds up nodes in the order in which names are resolved. Where it is not exact it counts too many."""

    def __init__(self, columns: Mapping[str, tuple[str, ...]]) -> None:
        self.widths = {name: len(names) for name, names in columns.items()}
        self.nodes = 0
        self.starred = 0

    def add(self, nodes: int, at: exp.Expr) -> int:
        self.nodes += nodes
        if self.nodes > MAX_NODES:
            raise problem_at(at, "too_complex", "The statement is too large to be checked.", SPLIT)
        return nodes

    def of_query(self, query: exp.Expr, at: exp.Expr) -> int:
        """Counts a query, and answers how many columns it has."""
        with_ = query.args.get("with_")
        for cte in with_.expressions if with_ is not None else ():
            self.widths[cte.alias] = self.of_query(cte.this, cte)
        if not isinstance(query, exp.Select):
            self.of_clause(query.args.get("order"), {}, 1)
        if isinstance(query, exp.Subquery):
            return self.of_query(query.this, at)
        if isinstance(query, exp.SetOperation):
            width = self.of_query(query.left, at)
            self.of_query(query.right, at)
            return width
        return self.of_select(query) if isinstance(query, exp.Select) else 1

    def of_select(self, select: exp.Select) -> int:
        parts = [part for part in [select.args.get("from_"), *(select.args.get("joins") or ())] if part]
        sources = {part.this.alias_or_name: self.of_source(part.this) for part in parts}
        aliases = self.using(parts)
        width = 0
        for expression in select.expressions:
            if expression.is_star:
                width += self.of_star(expression, sources)
                continue
            size = self.of_expression(expression, aliases)
            aliases[expression.alias_or_name] = size
            width += 1
        positions = list(aliases.values())
        for name in CLAUSES:
            self.of_clause(select.args.get(name), aliases, max(positions, default=1) if name == "group" else 1)
        return width

    def of_source(self, source: exp.Expr) -> int:
        if isinstance(source, exp.Table):
            return self.widths.get(source.name, 1)
        if isinstance(source, exp.Lateral | exp.TableFromRows):
            self.of_clause(source.this, {}, 1)
            return FLATTENED
        return self.of_query(source, source)

    def of_star(self, star: exp.Expr, sources: Mapping[str, int]) -> int:
        table = star.table if isinstance(star, exp.Column) else ""
        width = sources.get(table, 1) if table else sum(sources.values())
        self.starred += width
        if self.starred > MAX_COLUMNS:
            raise problem_at(star, "too_complex", f"Its stars stand for more than {MAX_COLUMNS:,} columns.", SPLIT)
        self.add(width * NODES_OF_A_COLUMN, star)
        return width

    def using(self, parts: Iterable[exp.Expr]) -> dict[str, int]:
        """A column that USING names stands for that of every table so far."""
        sizes: dict[str, int] = {}
        for number, part in enumerate(parts, 1):
            for name in part.args.get("using") or ():
                sizes[name.name] = self.add(number * NODES_OF_A_COLUMN, part)
        return sizes

    def of_clause(self, clause: object, aliases: Mapping[str, int], of_position: int) -> None:
        for part in clause if isinstance(clause, list) else [clause]:
            condition = part.args.get("on") if isinstance(part, exp.Join) else part
            if isinstance(condition, exp.Expr):
                self.of_expression(condition, aliases)
                if of_position > 1:
                    numbers = sum(1 for item in condition.expressions if isinstance(item, exp.Literal))
                    self.add(numbers * of_position, condition)

    def of_expression(self, expression: exp.Expr, aliases: Mapping[str, int]) -> int:
        """Names without a table may stand for an expression, with all that its own names stand for."""
        total, waiting = 0, [expression]
        while waiting:
            node = waiting.pop()
            if isinstance(node, exp.Query):
                before = self.nodes
                self.of_query(node, node)
                total += self.nodes - before
                continue
            size = aliases.get(node.name, 1) if isinstance(node, exp.Column) and not node.table else 1
            total += self.add(size, node)
            waiting.extend(node.iter_expressions())
        return total
