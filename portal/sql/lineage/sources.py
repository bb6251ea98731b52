"""What stands in FROM and JOIN, each as a relation."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sqlglot import exp

from portal.sql.lineage.expressions import value_of
from portal.sql.lineage.frames import Frame, Relation
from portal.sql.lineage.values import GENERATED, Value, inside, through, union

if TYPE_CHECKING:
    from portal.sql.lineage.statement import Reader

FLATTENED = ("SEQ", "KEY", "PATH", "INDEX", "VALUE", "THIS")


def relation_of(source: exp.Expr, frame: Frame, reader: "Reader") -> Relation:
    relation = _bare(source, frame, reader)
    for pivot in source.args.get("pivots") or ():
        relation = _pivoted(pivot, relation, frame)
    return relation


def _bare(source: exp.Expr, frame: Frame, reader: "Reader") -> Relation:
    names = source.alias_column_names if isinstance(source, exp.DerivedTable | exp.UDTF | exp.Table) else []
    if isinstance(source, exp.Table) and isinstance(source.this, exp.Identifier):
        return reader.table(source, frame.ctes).renamed(names)
    if isinstance(source, exp.Values):
        return _values(source, frame, reader).renamed(names)
    if isinstance(source, exp.Subquery):
        return reader.read(source, frame, frame.ctes)
    if isinstance(source, exp.Unnest):
        for each in source.expressions:  # as many rows as it has elements
            frame.decide(value_of(each, frame, reader.keyed), "join")
        columns = [inside(value_of(each, frame, reader.keyed), "[]") for each in source.expressions]
        listed = [*names, *(f"_unnest_{n}" for n in range(len(names), len(columns)))]
        extra = [(name, GENERATED) for name in names[len(columns) :]]  # WITH ORDINALITY
        return Relation((*zip(listed, columns, strict=False), *extra))
    return _function(source, frame, reader).renamed(names)


def _values(source: exp.Values, frame: Frame, reader: "Reader") -> Relation:
    rows = [each.expressions if isinstance(each, exp.Tuple) else [each] for each in source.expressions]
    columns = zip(*rows, strict=False)
    return Relation(
        tuple(
            (f"COLUMN{number}", union(value_of(cell, frame, reader.keyed) for cell in cells))
            for number, cells in enumerate(columns, 1)
        )
    )


def _function(source: exp.Expr, frame: Frame, reader: "Reader") -> Relation:
    """FLATTEN, GENERATOR, a lateral subquery, and set-returning functions of PostgreSQL."""
    function = source.this
    if isinstance(function, exp.Subquery):
        return reader.read(function, frame, frame.ctes)
    if isinstance(function, exp.Explode):
        return _flattened(function, frame, reader)
    if isinstance(function, exp.Generator):
        return Relation(())
    if isinstance(function, exp.ExplodingGenerateSeries | exp.GenerateSeries):
        return Relation(((source.alias_or_name or "generate_series", GENERATED),))
    name = function.name if isinstance(function, exp.Anonymous) else str(getattr(function, "key", source.key))
    if name.startswith(("jsonb_array_elements", "json_array_elements")):
        frame.decide(union(value_of(each, frame, reader.keyed) for each in function.expressions), "join")
        elements = inside(union(value_of(each, frame, reader.keyed) for each in function.expressions), "[]")
        return Relation((("value", elements),))
    return Relation((), f"what {name} returns is not known")


def _flattened(function: exp.Explode, frame: Frame, reader: "Reader") -> Relation:
    """`flatten(input => doc:devices)`: VALUE is an element; where it recurses it may be anything below."""
    options = {each.this.name.lower(): each.expression for each in _kwargs(function)}
    given = options.get("input") or function.this
    value = value_of(given, frame, reader.keyed)
    path = options.get("path")
    if isinstance(path, exp.Literal):
        value = _at(value, path.name)
    frame.decide(value, "join")  # as many rows as it has elements
    element = value if _is_true(options.get("recursive")) else inside(value, "[]")
    key = through(value, "expression")
    found: Mapping[str, Value] = {
        "SEQ": GENERATED,
        "KEY": key,
        "PATH": key,
        "INDEX": GENERATED,
        "VALUE": element,
        "THIS": value,
    }
    return Relation(tuple((name, found[name]) for name in FLATTENED))


def _kwargs(function: exp.Explode) -> list[exp.Kwarg]:
    return [each for each in (function.this, *function.expressions) if isinstance(each, exp.Kwarg)]


def _is_true(option: exp.Expr | None) -> bool:
    return isinstance(option, exp.Boolean) and bool(option.this)


def _at(value: Value, path: str) -> Value:
    for step in path.split("."):
        value = inside(value, step)
    return value


def _pivoted(pivot: exp.Pivot, relation: Relation, frame: Frame) -> Relation:
    """Columns that the pivot takes are gone; each new one may hold values of all that it took."""
    around = Frame(frame.read, frame.ctes, outer=frame, sources={"": relation})
    if not pivot.args.get("unpivot"):
        _grouped(pivot, relation, frame, around)
    taken = {column.name for column in pivot.find_all(exp.Column)}
    kept = [(name, value) for name, value in relation.columns if name not in taken]
    if pivot.args.get("unpivot"):
        values = union(around.column(name) for name in sorted(taken))
        labels = [field.this.name for field in pivot.fields if isinstance(field, exp.In)]
        made = [(each.name, through(values, "expression")) for each in pivot.expressions]
        columns = [*kept, *((name, Value(hows=frozenset({"constant"}))) for name in labels), *made]
    else:
        value = union(value_of(each, around) for each in pivot.expressions)
        names = [each.name for each in pivot.args.get("columns") or ()]
        columns = [*kept, *((name, value) for name in names)]
    known = pivot.args.get("unpivot") or pivot.args.get("columns")
    opaque = relation.opaque or ("" if known else "a pivot over any values")
    return Relation(tuple(columns), opaque, relation.rows).renamed(pivot.alias_column_names)


def _grouped(pivot: exp.Pivot, relation: Relation, frame: Frame, around: Frame) -> None:
    """A pivot groups by what it names in FOR and by every column that it leaves."""
    fields = [each.this.name for each in pivot.fields if isinstance(each, exp.In)]
    measured = {column.name for each in pivot.expressions for column in each.find_all(exp.Column)}
    kept = [value for name, value in relation.columns if name not in measured]
    frame.decide(union([*kept, *(around.column(name) for name in fields)]), "group")
