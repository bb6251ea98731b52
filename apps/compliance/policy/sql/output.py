"""The end of the way: a limit, the text, and a last look at that text with the parser's own eyes."""

from sqlglot import exp
from sqlglot.errors import ErrorLevel, SqlglotError

from apps.compliance.policy.sql.allow import check_allowed
from apps.compliance.policy.sql.scans import scan_text
from apps.compliance.policy.sql.work import Work
from portal.sql.parse import SqlProblem, parse_query
from portal.sql.scopes import CTE_PREFIX

BEHIND = ("order", "limit", "offset")


def limit(work: Work) -> Work:
    """At most one row more than may be shown, so that what was cut off is known."""
    tree = unbracketed(work.tree)
    most = work.limits.rows + 1
    typed = tree.args.get("limit")
    if typed is None or int(typed.expression.name) > most:
        tree = tree.limit(most, copy=False)
    return Work(**{**vars(work), "tree": tree})


def unbracketed(tree: exp.Query) -> exp.Query:
    """A query in brackets, as the query itself. What is typed behind the brackets (`(select ...) order by 1 limit 3`)
    is for the whole of it, so that such a one stays and its bracket becomes the table that it reads."""
    while isinstance(tree, exp.Subquery):
        behind = {name: tree.args[name].pop() for name in BEHIND if tree.args.get(name)}
        inner = tree.this
        assert isinstance(inner, exp.Query)
        if behind:
            alias = exp.TableAlias(this=exp.to_identifier("_bracketed", quoted=True))
            whole = exp.Select(
                expressions=[exp.Star()], from_=exp.From(this=exp.Subquery(this=inner.pop(), alias=alias))
            )
            for name, part in behind.items():
                whole.set(name, part)
            return whole
        tree = inner
    return tree


def render(work: Work) -> Work:
    try:
        # The tree is not used again: a copy would cost more than the text.
        text = work.tree.sql(work.dialect, comments=False, unsupported_level=ErrorLevel.RAISE, copy=False)
    except SqlglotError:
        raise SqlProblem("not_supported", "This query cannot be written safely for its store.") from None
    return Work(**{**vars(work), "rendered": text})


def verify(work: Work) -> Work:
    """Reads the rendered text again as if somebody had typed it: every table in it stands in the masked subquery that
    the policy gives, and nothing is in it that could not have been typed. What fails here is a fault of the engine,
    and is refused."""
    tree = parse_query(work.rendered, work.dialect)
    found = list(tree.find_all(exp.Table, exp.CTE))
    ctes = {node.alias for node in found if isinstance(node, exp.CTE)}
    expected = {scan.text for scan in work.masked}
    scans = []
    for table in found:
        if isinstance(table, exp.CTE):
            continue
        of_the_store = bool(table.args.get("db"))
        select = table.find_ancestor(exp.Select) if of_the_store else None
        if select is not None and scan_text(select, work.dialect) in expected:
            scans.append(select)
        elif of_the_store or not (table.name.startswith(CTE_PREFIX) and table.name in ctes):
            raise SqlProblem("not_understood", "This query could not be rewritten safely.", hint="Simplify it.")
    without_keyed(scans)
    check_allowed(tree, work.dialect, work.policies.functions)
    return work


def without_keyed(scans: list[exp.Select]) -> None:
    """Takes the functions of tokens and noise out of scans that were compared with the policy's: out of their columns
    and filters. Anywhere else such a name is one that somebody typed, or a fault: it stays, and is refused."""
    parts = [part for scan in scans for part in (*scan.expressions, scan.args.get("where")) if part is not None]
    for call in [call for part in parts for call in part.find_all(exp.Dot)]:
        if not isinstance(call.parent, exp.Dot):
            call.replace(exp.null())
