"""PIVOT and UNPIVOT written out as plain queries: all of that stands outside of the masks."""

from collections.abc import Iterable, Sequence

from sqlglot import exp

from portal.sql.parse import MAX_NODES, Dialect, SqlProblem, problem_at

MOST_PIVOTED = 200
AGGREGATES = (exp.Sum, exp.Avg, exp.Min, exp.Max, exp.Count, exp.AnyValue, exp.Median, exp.Stddev, exp.ApproxDistinct)


def pivots(node: exp.Expr, dialect: Dialect) -> None:
    """PIVOT becomes aggregates over cases, UNPIVOT a UNION ALL.

    >>> select * from charges pivot (sum(amount) for currency in ('eur', 'usd')) as p
    select * from (select * exclude (currency, amount), sum(case when currency = 'eur' then amount end) as "'eur'", ...
    from charges group by all) as p
    """
    found = node.args.get("pivots")
    if not found or dialect != "snowflake" or not isinstance(node.parent, exp.From | exp.Join):
        return
    pivot, alias = found[0], found[0].args.get("alias")
    fields: list[exp.In] = pivot.args.get("fields") or []
    if len(found) > 1 or len(fields) != 1 or pivot.args.get("default_on_null"):
        raise unusual(pivot, "This kind of PIVOT is not supported here.", "Use one FOR ... IN (...).")
    if alias is not None and alias.args.get("columns"):
        raise unusual(pivot, "The columns of a PIVOT cannot be renamed there.", "Use IN ('a' AS b).")
    node.set("pivots", None)
    source = exp.From(this=node.copy())
    body = unpivoted(source, pivot, fields[0]) if pivot.args.get("unpivot") else pivoted(source, pivot, fields[0])
    usual = exp.TableAlias(this=exp.to_identifier(node.name or "pivoted"))
    node.replace(exp.Subquery(this=body, alias=table_alias(alias) or table_alias(node.args.get("alias")) or usual))


def unusual(pivot: exp.Expr, message: str, hint: str) -> SqlProblem:
    return problem_at(pivot, "not_supported", message, hint)


def pivoted(source: exp.From, pivot: exp.Expr, field: exp.In) -> exp.Select:
    values = list(named_values(pivot, field.expressions))
    aggregates = [aggregate_of(each) for each in pivot.expressions]
    gone = [field.this, *(column for _, call in aggregates for column in call.find_all(exp.Column))]
    star = exp.Star(except_=[exp.column(name) for name in dict.fromkeys(column.name for column in gone)])
    made = [
        exp.Alias(
            this=case(call, field.this, value),
            alias=exp.to_identifier(f"{name}_{label}" if label else name, quoted=True),
        )
        for value, name in values
        for label, call in aggregates
    ]
    return exp.Select(expressions=[star, *made], from_=source, group=exp.Group(all=True))


def named_values(pivot: exp.Expr, values: Iterable[exp.Expr]) -> Iterable[tuple[exp.Expr, str]]:
    """Snowflake names a column by the value as it is written, quotes included."""
    for count, each in enumerate(values, 1):
        value = each.this if isinstance(each, exp.PivotAlias) else each
        if not isinstance(value, exp.Literal | exp.Boolean | exp.Cast) or count > MOST_PIVOTED:
            raise unusual(pivot, "PIVOT takes a list of values here.", "Write the values out.")
        alias = each.args.get("alias") if isinstance(each, exp.PivotAlias) else None
        yield (
            value,
            (alias.name if alias.args.get("quoted") else alias.name.upper()) if alias else value.sql("snowflake"),
        )


def aggregate_of(node: exp.Expr) -> tuple[str, exp.AggFunc]:
    label = node.alias.upper() if isinstance(node, exp.Alias) else ""
    call = node.this if isinstance(node, exp.Alias) else node
    if not isinstance(call, AGGREGATES) or not isinstance(call.this, exp.Column):
        raise unusual(node, "PIVOT takes an aggregate of one column here.", "Use SUM(amount).")
    return label, call


def case(call: exp.AggFunc, column: exp.Expr, value: exp.Expr) -> exp.Expr:
    made = call.copy()
    made.set(
        "this", exp.Case(ifs=[exp.If(this=exp.EQ(this=column.copy(), expression=value.copy()), true=call.this.copy())])
    )
    return made


def unpivoted(source: exp.From, pivot: exp.Expr, field: exp.In) -> exp.Query:
    measure, label = pivot.expressions[0], field.this
    columns = [each.this if isinstance(each, exp.PivotAlias) else each for each in field.expressions]
    if len(pivot.expressions) != 1 or not all(isinstance(column, exp.Column) for column in columns):
        raise unusual(pivot, "This kind of UNPIVOT is not supported here.", "Name plain columns.")
    if sum(1 for _ in source.walk()) * len(columns) > MAX_NODES:  # each column reads the source once more
        raise problem_at(pivot, "too_complex", "This UNPIVOT is too large to be checked.", "Name fewer columns.")
    rest = exp.Star(except_=[exp.column(column.name) for column in columns])
    name = label if isinstance(label, exp.Identifier) else label.this
    selects = []
    for each, column in zip(field.expressions, columns, strict=True):
        said = each.args["alias"].name if isinstance(each, exp.PivotAlias) else column.name.upper()
        told = exp.Alias(this=exp.Literal.string(said), alias=name.copy())
        value = exp.Alias(this=column.copy(), alias=measure.copy())
        select = exp.Select(expressions=[rest.copy(), told, value], from_=source.copy())
        present = exp.Not(this=exp.Is(this=column.copy(), expression=exp.null()))
        selects.append(select if pivot.args.get("include_nulls") else select.where(present))
    return union_all(selects)


def union_all(selects: Sequence[exp.Query]) -> exp.Query:
    body = selects[0]
    for select in selects[1:]:
        body = exp.Union(this=body, expression=select, distinct=False)
    return body


def table_alias(alias: exp.Expr | None) -> exp.TableAlias | None:
    return exp.TableAlias(this=alias.this.copy()) if alias is not None and alias.this else None
