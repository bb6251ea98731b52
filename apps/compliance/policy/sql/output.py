"""The end of the way: a limit, the text, and a last look at that text with the parser's own eyes."""

from sqlglot import exp, parse_one
from sqlglot.errors import ErrorLevel, SqlglotError

from apps.compliance.policy.sql.allow import check_allowed
from apps.compliance.policy.sql.tables import masked_selects
from apps.compliance.policy.sql.work import Work
from portal.sql.parse import Dialect, SqlProblem, parse_query
from portal.sql.scopes import CTE_PREFIX


def limit(work: Work) -> Work:
    """At most one row more than may be shown, so that what was cut off is known."""
    tree = work.tree.unnest() if isinstance(work.tree, exp.Subquery) else work.tree
    assert isinstance(tree, exp.Query)
    most = work.limits.rows + 1
    typed = tree.args.get("limit")
    if typed is None or int(typed.expression.name) > most:
        tree = tree.limit(most, copy=False)
    return Work(**{**vars(work), "tree": tree})


def render(work: Work) -> Work:
    try:
        text = work.tree.sql(work.dialect, comments=False, unsupported_level=ErrorLevel.RAISE, pretty=True)
    except SqlglotError:
        raise SqlProblem("not_supported", "This query cannot be written safely for its store.") from None
    return Work(**{**vars(work), "rendered": text})


def verify(work: Work) -> Work:
    """Reads the rendered text again as if somebody had typed it: every table in it stands in the masked subquery that
    the policy gives, and nothing is in it that could not have been typed. What fails here is a fault of the engine,
    and is refused."""
    tree = parse_query(work.rendered, work.dialect)
    expected = {expected_text(select, work.dialect) for select in masked_selects(work, work.used).values()}
    ctes = {cte.alias for cte in tree.find_all(exp.CTE)}
    for table in tree.find_all(exp.Table):
        if not guarded(table, expected, ctes, work.dialect):
            raise SqlProblem("not_understood", "This query could not be rewritten safely.", hint="Simplify it.")
    check_allowed(without_masks(tree), work.dialect)
    return work


def without_masks(tree: exp.Expr) -> exp.Expr:
    """The text, its scans already compared with the policy's, without the functions of tokens and noise in them.
    Anywhere else such a name is one that somebody typed, or a fault: it stays, and is refused."""
    scans = [table.find_ancestor(exp.Select) for table in tree.find_all(exp.Table) if table.args.get("db")]
    columns = [column for scan in scans if scan is not None for column in scan.expressions]
    for call in [call for column in columns for call in column.find_all(exp.Dot)]:
        if not isinstance(call.parent, exp.Dot):
            call.replace(exp.null())
    return tree


def guarded(table: exp.Table, expected: set[str], ctes: set[str], dialect: Dialect) -> bool:
    if not table.args.get("db"):
        return table.name.startswith(CTE_PREFIX) and table.name in ctes
    select = table.find_ancestor(exp.Select)
    return select is not None and scan_text(select, dialect) in expected


def expected_text(select: exp.Select, dialect: Dialect) -> str:
    """As the parser reads it: built and read trees write some things differently."""
    return scan_text(parse_one(scan_text(select, dialect), read=dialect, into=exp.Select), dialect)


def scan_text(select: exp.Select, dialect: Dialect) -> str:
    return select.sql(dialect, comments=False)
