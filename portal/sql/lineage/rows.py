"""What decides which rows a SELECT has: its WHERE, HAVING, QUALIFY, GROUP BY, DISTINCT, and the order a LIMIT cuts."""

from collections.abc import Iterable, Sequence

from sqlglot import exp

from portal.sql.lineage.expressions import Keyed, value_of
from portal.sql.lineage.frames import Frame, Relation
from portal.sql.lineage.values import Rows, Value, deciding, union, unknown

FILTERS = ("where", "having", "qualify", "connect")
Columns = Sequence[tuple[str, Value]]


def decide_rows(query: exp.Select, frame: Frame, columns: Columns, keyed: Keyed) -> None:
    """Adds to the frame's rows; the projections must have been read, for clauses may name them."""
    for clause in FILTERS:
        if (node := query.args.get(clause)) is not None:
            frame.decide(union(value_of(each, frame, keyed) for each in node.iter_expressions()), "filter")
    if (group := query.args.get("group")) is not None:
        frame.decide(_grouped(group, query, frame, columns, keyed), "group")
    if (distinct := query.args.get("distinct")) is not None:
        on = distinct.args.get("on")
        frame.decide(_listed(on.expressions, frame, columns, keyed) if on else _all(columns), "group")
    decide_order(query, frame, columns, keyed)


def decide_order(query: exp.Expr, frame: Frame, columns: Columns, keyed: Keyed) -> None:
    """An order alone changes no row; it does where only the first ones are kept."""
    order, distinct = query.args.get("order"), query.args.get("distinct")
    cuts = query.args.get("limit") or query.args.get("offset") or (distinct and distinct.args.get("on"))
    if order is not None and cuts:
        frame.decide(_listed([each.this for each in order.expressions], frame, columns, keyed), "order")


def _grouped(group: exp.Expr, query: exp.Select, frame: Frame, columns: Columns, keyed: Keyed) -> Value:
    if group.args.get("all"):  # by every projection that holds no aggregate
        plain = [each for each in query.expressions if not each.find(exp.AggFunc)]
        return union(value_of(each, frame, keyed) for each in plain)
    return _listed(list(group.iter_expressions()), frame, columns, keyed)


def _listed(listed: Iterable[exp.Expr], frame: Frame, columns: Columns, keyed: Keyed) -> Value:
    """`group by 1, b`: a number alone is the place of a projection."""
    return union(_one(each, frame, columns, keyed) for each in listed)


def _one(each: exp.Expr, frame: Frame, columns: Columns, keyed: Keyed) -> Value:
    if not isinstance(each, exp.Literal) or each.is_string:
        return value_of(each, frame, keyed)
    place = int(each.name) if each.name.isdigit() and len(each.name) < 6 else 0
    return columns[place - 1][1] if 0 < place <= len(columns) else unknown(f"there is no column {each.name[:20]}")


def _all(columns: Columns) -> Value:
    return union(value for _, value in columns)


def compared(left: Relation, right: Relation, role: str) -> Rows:
    """The rows of a set operation that compares whole rows: every column of both sides decides."""
    return left.rows | right.rows | deciding(union([left.whole(), right.whole()]), role)
