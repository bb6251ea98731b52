"""Which columns of the store each column of the answer is computed from, and so whether it is masked and why."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlglot import exp

from apps.compliance.policy.choose import Choice
from apps.compliance.policy.sql.work import Scan, Work
from apps.compliance.policy.types import Masking, OutputColumn
from portal.sql.parse import SqlProblem

Origin = tuple[str, str]  # scan, column
Origins = frozenset[Origin]
Columns = Mapping[str, Origins]
NONE: Origins = frozenset()
QUALIFY = "Put the table's name in front of it, or select it in a CTE first."
RENAME = "Rename columns in a SELECT, not behind the name of a table."


@dataclass(frozen=True)
class Frame:
    """The sources that a query sees by name, the query around it, and the CTEs in reach."""

    sources: Mapping[str, Columns]
    ctes: Mapping[str, Columns]
    outer: "Frame | None" = None

    def look_up(self, table: str, column: str) -> Origins:
        if not table:
            raise SqlProblem("not_understood", f"Which table {column} belongs to is not clear.", hint=QUALIFY)
        frame: Frame | None = self
        while frame is not None:
            if table in frame.sources:
                if column not in frame.sources[table]:
                    # A label that nothing is known of would say "not masked".
                    raise SqlProblem("not_understood", f"Where {table}.{column} comes from is not clear.", hint=RENAME)
                return frame.sources[table][column]
            frame = frame.outer
        raise SqlProblem("not_understood", f"There is no {table} here that {column} could come from.", hint=QUALIFY)


def explain(work: Work) -> Work:
    tracer = Tracer(work.scans)
    outputs = tracer.outputs(work.tree, {}, None)
    columns = tuple(explained(name, origins, work.scans) for name, origins in outputs)
    filtered = tuple(sorted({place(work.scans[scan], column) for scan, column in tracer.conditions}))
    return Work(**{**vars(work), "columns": columns, "notes": notes(work, tracer), "filtered": filtered})


def place(scan: Scan, column: str) -> str:
    return ".".join((*scan.dataset.path, column))


class Tracer:
    """Walks a qualified query; every column carries the name of its source."""

    def __init__(self, scans: Mapping[str, Scan]) -> None:
        self.scans = scans
        self.conditions: set[Origin] = set()

    def outputs(self, query: exp.Expr, ctes: Mapping[str, Columns], outer: Frame | None) -> list[tuple[str, Origins]]:
        with_ = query.args.get("with_")
        for cte in with_.expressions if with_ is not None else ():
            ctes = {**ctes, cte.alias: dict(self.outputs(cte.this, ctes, outer))}
        if isinstance(query, exp.Subquery):
            return self.outputs(query.this, ctes, outer)
        if isinstance(query, exp.SetOperation):
            left = self.outputs(query.left, ctes, outer)
            right = self.outputs(query.right, ctes, outer)
            return [(name, a | b) for (name, a), (_name, b) in zip(left, right, strict=False)]
        return self.select(query, ctes, outer)

    def select(self, query: exp.Expr, ctes: Mapping[str, Columns], outer: Frame | None) -> list[tuple[str, Origins]]:
        parts = [query.args.get("from_"), *(query.args.get("joins") or ())]
        sources: dict[str, Columns] = {}
        frame = Frame(sources, ctes, outer)
        for part in parts:
            if part:
                sources[part.this.alias_or_name] = self.source(part.this, frame)
        for name in ("where", "having", "qualify", "joins"):
            clauses = query.args.get(name)
            for clause in clauses if isinstance(clauses, list) else [clauses]:
                condition = clause.args.get("on") if isinstance(clause, exp.Join) else clause
                if condition is not None:
                    self.conditions |= self.expression(condition, frame)
        return [(e.alias_or_name, self.expression(e, frame)) for e in query.expressions]

    def source(self, node: exp.Expr, frame: Frame) -> Columns:
        if isinstance(node, exp.TableFromRows):
            return {}
        if isinstance(node, exp.Lateral):
            return self.lateral(node, frame)
        if not isinstance(node, exp.Table):
            return dict(self.outputs(node, frame.ctes, frame.outer))
        scan = self.scans.get(node.name)
        if scan is None:
            return frame.ctes.get(node.name, {})
        return {name: frozenset({(scan.name, name)}) for name in scan.masks}

    def lateral(self, node: exp.Lateral, frame: Frame) -> Columns:
        """A subquery that sees the sources before it; or the elements of a value, each part of them made of it."""
        if isinstance(node.this, exp.Subquery):
            return dict(self.outputs(node.this, frame.ctes, frame))
        origins = self.expression(node.this, frame)
        return {column.name: origins for column in node.args["alias"].args.get("columns") or ()}

    def expression(self, node: exp.Expr, frame: Frame) -> Origins:
        if isinstance(node, exp.Query):
            inner = self.outputs(node, frame.ctes, frame)
            return NONE.union(*(origins for _name, origins in inner))
        if isinstance(node, exp.Column):
            return frame.look_up(node.table, node.name)
        return NONE.union(*(self.expression(child, frame) for child in node.iter_expressions()))


def explained(name: str, origins: Origins, scans: Mapping[str, Scan]) -> OutputColumn:
    choices = {origin: scans[origin[0]].masks[origin[1]] for origin in sorted(origins)}
    masked = [(origin, choice) for origin, choice in choices.items() if choice.masked]
    paths = tuple(dict.fromkeys(place(scans[scan], column) for scan, column in choices))
    if not masked:
        return OutputColumn(name, Masking.NO, origins=paths)
    (scan, column), first = masked[0]
    state = Masking.YES if len(masked) == len(choices) else Masking.PARTLY
    reason = sentence(scans[scan], column, first, len(choices), len({choice.rule for _origin, choice in masked}))
    return OutputColumn(name, state, reason, first.rule, str(first.kind), first.approver, paths)


def sentence(scan: Scan, column: str, choice: Choice, origins: int, rules: int) -> str:
    if origins == 1:
        return choice.reason
    others = " and others" if rules > 1 else ""
    return f"Computed from {scan.dataset.path[-1]}.{column}{others}. {choice.reason}"


def notes(work: Work, tracer: Tracer) -> tuple[str, ...]:
    masked = {
        f"{work.scans[scan].dataset.path[-1]}.{column}"
        for scan, column in tracer.conditions
        if work.scans[scan].masks[column].masked
    }
    seen = [f"A condition uses {name}, which is masked: it is compared in its masked form." for name in sorted(masked)]
    filters = sorted({rule.id for scan in work.scans.values() for rule in scan.filters if not rule.key})
    return tuple(seen + [f"The rule “{name}” shows you only some of the rows." for name in filters])
