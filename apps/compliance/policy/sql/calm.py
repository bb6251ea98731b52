"""Expressions that cannot fail, whatever a row holds.

Whether a query fails is known before groups that are too small are left out: `sum(1 / (amount - 500))` would tell of
a row in any of them by its error. So what a query in groups computes row by row is on a list, and the list is short;
whatever is computed of the groups themselves (`sum(amount) / 100`) is as free as everywhere.
"""

import re
from collections.abc import Callable
from datetime import datetime

from sqlglot import exp

from apps.compliance.policy.sql.vocabulary import words
from portal.sql.parse import Dialect, SqlProblem, problem_at

CODE = "group_too_fine"
CALM = words(
    """Select Subquery With CTE From Join Where Group Having Order Ordered Limit Offset Distinct Table TableAlias
    Identifier Column Star Alias Paren Tuple Null Boolean Literal DataType DataTypeParam Interval Var And Or Not EQ NEQ
    GT GTE LT LTE Is In Between Like ILike Exists NullSafeEQ NullSafeNEQ DPipe Neg Add Sub Div Cast AtTimeZone
    Case If Coalesce Nullif Nvl2 EqualNull Lower Upper Trim Length Left Right Substring Concat StartsWith EndsWith
    Contains Floor Ceil Round DateTrunc TimestampTrunc Extract Year Month Quarter Week Day DayOfMonth DayOfWeek
    DayOfWeekIso DayOfYear Hour Minute CurrentDate CurrentTimestamp DateAdd TsOrDsToDate Count CountIf Sum Avg Min Max
    Stddev StddevPop StddevSamp Variance VariancePop ApproxDistinct LogicalAnd LogicalOr Corr CovarPop CovarSamp
    RowNumber Rank DenseRank Window"""
)
UNITS = words(
    "YEAR YEARS QUARTER MONTH MONTHS WEEK WEEKS DAY DAYS HOUR HOURS MINUTE MINUTES SECOND SECONDS DOW ISODOW DOY"
)
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
MOMENT = re.compile(rf"{DAY.pattern}[ T][0-9]{{2}}:[0-9]{{2}}(:[0-9]{{2}}(\.[0-9]{{1,6}})?)?")
NUMBER = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?")
MOST_DIGITS = 4  # of days, months, places: dates stay in every store's range
NOW = (exp.CurrentDate, exp.CurrentTimestamp)
TIMED = (exp.DateTrunc, exp.TimestampTrunc, exp.Year, exp.Month, exp.Quarter, exp.Week, exp.Day, exp.DayOfMonth,
    exp.DayOfWeek, exp.DayOfWeekIso, exp.DayOfYear, exp.Hour, exp.Minute, exp.TsOrDsToDate)  # fmt: skip
COUNTED = (exp.Sum, exp.Avg, exp.Stddev, exp.StddevPop, exp.StddevSamp, exp.Variance, exp.VariancePop, exp.Corr,
    exp.CovarPop, exp.CovarSamp, exp.Floor, exp.Ceil, exp.Round, exp.Div, exp.Neg)  # fmt: skip
COMPARED = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ, exp.Between, exp.In,
    exp.EqualNull)  # fmt: skip
CHOSEN = (exp.Case, exp.If, exp.Coalesce, exp.Nullif, exp.Nvl2)
HINT = (
    "Compute of the groups, as in SUM(amount) / 100, or in a query around this one; for each row compare, use CASE, "
    "or cut dates with DATE_TRUNC."
)


def check_calm(tree: exp.Expr, dialect: Dialect) -> None:
    """Raises SqlProblem at the first node that could fail on a row. The tree's types are known.

    >>> sum(1 / (amount - 500))
    group_too_fine: This division can fail on a single row, which would tell of it.
    """
    for node in tree.walk():
        if type(node).__name__ not in CALM:
            raise may_fail(node)
        check = CHECKS.get(type(node))
        if check is not None and not check(node):
            raise may_fail(node)
        if dialect == "snowflake" and not of_one_family(node):
            message = "Values of two kinds meet here: turning one into the other can fail on a single row."
            raise problem_at(node, CODE, message, "Compare numbers with numbers, texts with texts, dates with dates.")


def may_fail(node: exp.Expr) -> SqlProblem:
    name = node.sql_name().upper() if isinstance(node, exp.Func) else type(node).__name__.upper()
    message = f"{name} can fail on a single row as it stands here, and that would tell of a group that is too small."
    return problem_at(node, CODE, message, HINT)


def family(node: exp.Expr) -> str:
    """ "number", "text", "time", "truth", or "" where it is not known."""
    kind = node.type.this if isinstance(node.type, exp.DataType) else None
    return next((name for name, kinds in FAMILIES.items() if kind in kinds), "")


FAMILIES = {
    "number": exp.DataType.NUMERIC_TYPES,
    "text": exp.DataType.TEXT_TYPES,
    "time": exp.DataType.TEMPORAL_TYPES - {exp.DType.TIME, exp.DType.TIMETZ},
    "truth": {exp.DType.BOOLEAN},
}


def of_one_family(node: exp.Expr) -> bool:
    """Snowflake turns texts into numbers and dates on its own; PostgreSQL does not, and says so before it reads."""
    if isinstance(node, COUNTED):
        return all(family(part) == "number" for part in operands(node))
    if isinstance(node, exp.SetOperation):
        return False
    if not isinstance(node, (*COMPARED, *CHOSEN)):
        return True
    parts = compared(node)
    days = isinstance(node, COMPARED) and any(family(part) == "time" for part in parts)
    moments = days and not any(part.is_type(exp.DType.DATE) for part in parts)
    kinds = {"time" if days and is_moment(part, moments) else family(part) for part in parts}
    return len(kinds) <= 1 and "" not in kinds


def operands(node: exp.Expr) -> list[exp.Expr]:
    found = [node.this, *([node.expression] if isinstance(node, exp.Binary) else [])]
    return [part for each in found for part in (each.expressions if isinstance(each, exp.Distinct) else [each])]


def compared(node: exp.Expr) -> list[exp.Expr]:
    """The values that have to be of one kind; NULL is of any."""
    if isinstance(node, exp.Case):
        cases = [case.args["true"] for case in node.args["ifs"]]
        own = [node.this, *(case.this for case in node.args["ifs"])] if node.this else []
        found = [*own, *cases, node.args.get("default")]
    elif isinstance(node, exp.If):
        inside = isinstance(node.parent, exp.Case)  # looked at there
        found = [] if inside else [node.args.get("true"), node.args.get("false")]
    elif isinstance(node, exp.Nvl2):
        found = [node.args.get("true"), node.args.get("false")]
    else:
        found = [node.this, *(node.args.get(name) for name in ("expression", "low", "high")), *node.expressions]
    query = node.args.get("query")
    inner = [query.unnest().selects[0]] if query is not None else []
    return [part.unalias() for part in [*found, *inner] if part is not None and not isinstance(part, exp.Null)]


def is_moment(node: exp.Expr, with_time: bool) -> bool:
    """A day that is written out, and its time where the other side has one."""
    form = (
        isinstance(node, exp.Literal) and node.is_string and (DAY.fullmatch(node.name) or MOMENT.fullmatch(node.name))
    )
    if not form or (form.re is MOMENT and not with_time):
        return False
    try:
        datetime.fromisoformat(node.name)
    except ValueError:
        return False
    return True


def is_number(node: object) -> bool:
    return isinstance(node, exp.Literal) and not node.is_string and NUMBER.fullmatch(node.name) is not None


def is_small(node: object) -> bool:
    """A whole number of few digits, in quotes or not."""
    return isinstance(node, exp.Literal) and node.name.isdecimal() and len(node.name) <= MOST_DIGITS


def literal(node: exp.Expr) -> bool:
    return node.is_string or is_number(node)


def like(node: exp.Expr) -> bool:
    """A pattern that ends with an escape fails when it is reached."""
    pattern = node.args["expression"]
    return isinstance(pattern, exp.Literal) and pattern.is_string and "\\" not in pattern.name


def cut(node: exp.Expr) -> bool:
    return all(is_small(node.args[name]) for name in ("expression", "start", "length") if node.args.get(name))


def rounded(node: exp.Expr) -> bool:
    return node.args.get("decimals") is None or is_small(node.args["decimals"])


def divided(node: exp.Expr) -> bool:
    by = node.args["expression"]
    return is_number(by) and float(by.name) >= 1


def moved(node: exp.Expr) -> bool:
    """`current_date - interval '30 days'`: a fixed way from now, or from a day that is written out."""
    start, way = node.this, node.args["expression"]
    if isinstance(node, exp.DateAdd):
        steps = way.this if isinstance(way, exp.Neg) else way
        return isinstance(start, NOW) and is_small(steps) and word(node.args.get("unit"))
    fixed = isinstance(start, NOW) or (isinstance(start, exp.Cast) and isinstance(start.this, exp.Literal))
    return fixed and isinstance(way, exp.Interval)


def interval(node: exp.Expr) -> bool:
    return is_small(node.this) and word(node.args.get("unit"))


def word(unit: exp.Expr | None) -> bool:
    return isinstance(unit, exp.Var | exp.Literal) and unit.name.upper() in UNITS


def timed(node: exp.Expr) -> bool:
    unit = node.args.get("unit")
    return family(node.this) == "time" and (unit is None or word(unit)) and not node.args.get("zone")


def extracted(node: exp.Expr) -> bool:
    return word(node.this) and family(node.args["expression"]) == "time"


def cast(node: exp.Expr) -> bool:
    """To a text from anything; to a day or a moment from another, or from one that is written out."""
    to = exp.DataType(this=node.args["to"].this)
    if to.this in exp.DataType.TEXT_TYPES:
        return not node.args["to"].expressions
    moment = is_moment(node.this, to.this is not exp.DType.DATE)
    return to.this in FAMILIES["time"] and (family(node.this) == "time" or moment)


def negated(node: exp.Expr) -> bool:
    return is_number(node.this)


def in_utc(node: exp.Expr) -> bool:
    """A zone that does not exist fails when it is reached."""
    zone = node.args.get("zone")
    return family(node.this) == "time" and isinstance(zone, exp.Literal) and zone.name == "UTC"


def placed(node: exp.Expr) -> bool:
    """As a value a subquery fails on its second row, and only where it is reached."""
    return isinstance(node.parent, exp.From | exp.Join | exp.Subquery | exp.CTE | exp.In | exp.Exists)


CHECKS: dict[type[exp.Expr], Callable[[exp.Expr], bool]] = {
    exp.Select: placed,
    exp.Subquery: placed,
    exp.Literal: literal,
    exp.Like: like,
    exp.ILike: like,
    exp.Left: cut,
    exp.Right: cut,
    exp.Substring: cut,
    exp.Round: rounded,
    exp.Div: divided,
    exp.Add: moved,
    exp.Sub: moved,
    exp.DateAdd: moved,
    exp.Interval: interval,
    exp.Extract: extracted,
    exp.Cast: cast,
    exp.Neg: negated,
    exp.AtTimeZone: in_utc,
    **dict.fromkeys(TIMED, timed),
}
