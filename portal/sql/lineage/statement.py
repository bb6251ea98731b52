"""One statement's lineage: sources become relations, projections become output columns."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from sqlglot import exp

from portal.sql.lineage.expressions import Keyed, value_of
from portal.sql.lineage.frames import Frame, Relation
from portal.sql.lineage.rows import compared, decide_order, decide_rows
from portal.sql.lineage.sources import relation_of
from portal.sql.lineage.stars import expanded
from portal.sql.lineage.values import NOTHING, Path, Rows, Value, union, unknown
from portal.sql.parse import Dialect, parse_query
from portal.sql.resolve import fold_identifiers

Parsed = TypeVar("Parsed", bound=exp.Expr)
Columns = Callable[[Path], Sequence[str] | None]


@dataclass(frozen=True, order=True)
class Origin:
    """A column that values come from; `path` leads into it where it holds documents (`devices[].ip`)."""

    table: Path
    column: str
    path: str
    transform: str


@dataclass(frozen=True)
class OutputColumn:
    """`how`: "" when values come from `origins` alone, "constant", "count", "generated", or "unknown" for `reason`."""

    name: str
    origins: tuple[Origin, ...]
    how: str = ""
    reason: str = ""


@dataclass(frozen=True, order=True)
class RowOrigin:
    """A column that decides which rows there are; `role`: filter, join, group, order or window."""

    table: Path
    column: str
    path: str
    role: str


@dataclass(frozen=True)
class StatementLineage:
    """`opaque` is why there may be more output columns than are listed: a star over a table nobody knows;
    `rows_unknown` why there may be more columns that decide about rows."""

    columns: tuple[OutputColumn, ...]
    tables: frozenset[Path]
    opaque: str = ""
    rows: tuple[RowOrigin, ...] = ()
    rows_unknown: str = ""


class Reader:
    """Reads every query of one statement, and remembers which tables it met."""

    def __init__(
        self, tables: Columns, default_path: Path, keyed: Keyed, made: Mapping[Path, Relation] | None = None
    ) -> None:
        self.columns_of = tables
        self.default_path = default_path
        self.keyed = keyed
        self.met: set[Path] = set()
        self.made = made or {}  # tables of the same session, which are seen through
        self.through: set[Path] = set()

    def read(self, query: exp.Expr, outer: Frame | None, ctes: Mapping[str, Relation]) -> Relation:
        """Any query: a SELECT, a set operation, either in brackets, each with its own WITH."""
        ctes = self._with(query, outer, ctes)
        if isinstance(query, exp.SetOperation):
            return self._ordered(query, self._set_operation(query, outer, ctes), outer, ctes)
        if isinstance(query, exp.Subquery):
            inner = self.read(query.this, outer, ctes)
            return self._ordered(query, inner.renamed(query.alias_column_names), outer, ctes)
        if isinstance(query, exp.Select):
            return self._select(query, outer, ctes)
        return Relation((), f"{query.key} is not read")

    def nested(self, query: exp.Query, frame: Frame) -> Relation:
        """A query inside an expression sees the names around it."""
        return self.read(query, frame, frame.ctes)

    def table(self, table: exp.Table, ctes: Mapping[str, Relation]) -> Relation:
        typed = tuple(part.name for part in table.parts)
        if len(typed) == 1 and typed[0] in ctes:
            return ctes[typed[0]]
        path = self.default_path[: max(0, 3 - len(typed))] + typed
        if path in self.made:
            self.through.add(path)
            return self.made[path]
        self.met.add(path)
        names = self.columns_of(path)
        if names is None:
            return Relation((), f"{'.'.join(typed)} is not in the catalog")
        return Relation(tuple((name, Value({(path, name, ""): "copy"})) for name in names))

    def _with(self, query: exp.Expr, outer: Frame | None, ctes: Mapping[str, Relation]) -> Mapping[str, Relation]:
        clause = query.args.get("with_")
        if clause is None:
            return ctes
        known = dict(ctes)
        for cte in clause.expressions:
            names = cte.alias_column_names
            if clause.args.get("recursive") and isinstance(cte.this, exp.SetOperation):
                # The recursive half reads what the first half made: its values come from there, or are its own.
                known[cte.alias] = self.read(cte.this.left, outer, known).renamed(names)
            known[cte.alias] = self.read(cte.this, outer, known).renamed(names)
        return known

    def _ordered(
        self, query: exp.Expr, relation: Relation, outer: Frame | None, ctes: Mapping[str, Relation]
    ) -> Relation:
        """An ORDER BY and LIMIT behind a set operation or brackets."""
        if query.args.get("order") is None:
            return relation
        frame = Frame(self.nested, ctes, outer, {"": relation}, rows=relation.rows)
        decide_order(query, frame, relation.columns, self.keyed)
        return replace(relation, rows=frame.rows)

    def _set_operation(self, query: exp.SetOperation, outer: Frame | None, ctes: Mapping[str, Relation]) -> Relation:
        left = self.read(query.left, outer, ctes)
        right = self.read(query.right, outer, ctes)
        if isinstance(query, exp.Except | exp.Intersect):
            # The right side decides which rows stay; it gives no value.
            return replace(left, rows=compared(left, right, "filter"))
        rows = compared(left, right, "group") if query.args.get("distinct") else left.rows | right.rows
        return replace(self._union(query, left, right), rows=rows)

    def _union(self, query: exp.SetOperation, left: Relation, right: Relation) -> Relation:
        opaque = left.opaque or right.opaque
        if query.args.get("by_name"):
            names = list(dict.fromkeys([*left.names(), *right.names()]))
            pairs = [(name, [side.get(name) or NOTHING for side in (left, right)]) for name in names]
            return Relation(tuple((name, union(values)) for name, values in pairs), opaque)
        if opaque or len(left.columns) != len(right.columns):
            # Positions no longer tell which column meets which.
            hidden = unknown(opaque or "the two sides of a set operation differ in their columns")
            return Relation(tuple((name, union([v, hidden])) for name, v in left.columns), hidden.unknown)
        columns = zip(left.columns, right.columns, strict=True)
        return Relation(tuple((name, union([value, other])) for (name, value), (_, other) in columns))

    def _select(self, query: exp.Select, outer: Frame | None, ctes: Mapping[str, Relation]) -> Relation:
        frame = Frame(self.nested, ctes, outer)
        clause = query.args.get("from_")
        if clause is not None:
            self._add(clause.this, frame)
        for lateral in query.args.get("laterals") or ():
            self._add(lateral, frame)
        for join in query.args.get("joins") or ():
            self._join(join, frame)
        columns: list[tuple[str, Value]] = []
        opaque = ""
        for position, projection in enumerate(query.expressions):
            found, hidden = self._projected(projection, position, frame)
            frame.aliases.update((name, value) for name, value in found if isinstance(projection, exp.Alias))
            columns += found
            opaque = opaque or hidden
        decide_rows(query, frame, columns, self.keyed)
        return Relation(tuple(columns), opaque, frame.rows)

    def _add(self, source: exp.Expr, frame: Frame) -> None:
        in_brackets = isinstance(source, exp.Subquery) and isinstance(source.this, exp.Table)
        if in_brackets and not source.alias:
            source = source.this  # from (a join b on ...)
        frame.add(source.alias_or_name, relation_of(source, frame, self))
        for join in source.args.get("joins") or ():
            self._join(join, frame)

    def _join(self, join: exp.Join, frame: Frame) -> None:
        before = {name for relation in frame.sources.values() for name in relation.names()}
        held = set(frame.sources)
        self._add(join.this, frame)
        shared = {each.name for each in join.args.get("using") or ()}
        if join.args.get("method") == "NATURAL":
            new = [relation for alias, relation in frame.sources.items() if alias not in held]
            shared |= before & {name for relation in new for name in relation.names()}
        frame.merged |= shared
        frame.decide(union(frame.column(name) for name in sorted(shared)), "join")
        for condition in ("on", "match_condition"):
            if (node := join.args.get(condition)) is not None:
                frame.decide(value_of(node, frame, self.keyed), "join")

    def _projected(self, projection: exp.Expr, position: int, frame: Frame) -> tuple[list[tuple[str, Value]], str]:
        star = projection.this if isinstance(projection, exp.Column) else projection
        if isinstance(star, exp.Star):
            return expanded(star, projection.text("table"), frame, self.keyed)
        name = projection.alias_or_name or f"_col_{position}"
        return [(name, value_of(projection, frame, self.keyed))], ""


def lineage_of(
    text: str,
    dialect: Dialect,
    columns_of: Columns,
    *,
    default_path: Path = (),
    keyed: Keyed = frozenset(),
) -> StatementLineage:
    """`columns_of` gives the columns of a table by its path in the store's own case, None for one nobody knows;
    `keyed` names functions, in lower case, that hash with a key. Raises SqlProblem for a text that is not a query."""
    query = fold_identifiers(spelled(parse_query(text, dialect)), dialect)
    reader = Reader(columns_of, default_path, keyed)
    return told(reader.read(query, None, {}), frozenset(reader.met))


def told(relation: Relation, tables: frozenset[Path]) -> StatementLineage:
    columns = tuple(_output(name, value) for name, value in relation.columns)
    return StatementLineage(columns, tables, relation.opaque, row_origins(relation.rows), relation.rows.unknown)


def row_origins(rows: Rows) -> tuple[RowOrigin, ...]:
    return tuple(sorted(RowOrigin(table, column, path, role) for (table, column, path), role in rows.origins))


def spelled(statement: Parsed) -> Parsed:
    """`doc[0].ip` as `doc[0]['ip']`: the key of a document keeps its case when names are folded."""
    for dot in list(statement.find_all(exp.Dot)):
        if isinstance(dot.this, exp.Bracket | exp.JSONExtract) and isinstance(dot.expression, exp.Identifier):
            dot.replace(exp.Bracket(this=dot.this.copy(), expressions=[exp.Literal.string(dot.expression.name)]))
    return statement


def _output(name: str, value: Value) -> OutputColumn:
    origins = tuple(
        sorted(Origin(table, column, path, transform) for (table, column, path), transform in value.origins.items())
    )
    if value.unknown:
        return OutputColumn(name, origins, "unknown", value.unknown)
    if origins:
        return OutputColumn(name, origins)
    how = next((how for how in ("generated", "count", "constant") if how in value.hows), "")
    return OutputColumn(name, (), how or "unknown", "" if how else "no column reaches it")
