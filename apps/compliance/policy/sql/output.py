"""The end of the way: a limit, the text, a last look at that text with the parser's own eyes, and the masks put in."""

import re
from collections import Counter

from sqlglot import exp
from sqlglot.errors import ErrorLevel, SqlglotError

from apps.compliance.policy.sql.allow import check_allowed
from apps.compliance.policy.sql.work import SCAN_PREFIX, Work, unsafe
from portal.sql.parse import SqlProblem, check_characters, parse_query
from portal.sql.scopes import CTE_PREFIX

BEHIND = ("order", "limit", "offset")
SCAN = re.compile(rf'"({SCAN_PREFIX}[0-9]+)"')


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
    """Reads the rendered text as if somebody had typed it: every table in it is a scan of this query or a CTE, and
    nothing is in it that could not have been typed. What fails here is a fault of the engine, and is refused."""
    tree = parse_query(work.rendered, work.dialect)
    ctes = {cte.alias for cte in tree.find_all(exp.CTE)}
    met: Counter[str] = Counter()
    for table in tree.find_all(exp.Table):
        if table.name in work.masked and len(table.parts) == 1 and table.this.quoted:
            met[table.name] += 1
        elif len(table.parts) > 1 or not (table.name.startswith(CTE_PREFIX) and table.name in ctes):
            raise unsafe()
    # A name that stands anywhere else too, in a text or an alias that somebody typed, would be replaced there.
    if any(work.rendered.count(f'"{name}"') != met[name] or not met[name] for name in work.masked):
        raise unsafe()
    check_allowed(tree, work.dialect, work.policies.functions)
    return work


def insert_scans(work: Work) -> Work:
    """Puts the masked subquery where each scan stands, in one pass: what is put in is not looked at again.

    >>> select c.email from portico_scan_1 as c
    select c.email from (select '***' || ... as email from payments.public.customers) as c
    """

    def of(name: re.Match[str]) -> str:
        masked = work.masked.get(name[1])
        return f"({masked})" if masked is not None else name[0]

    text = SCAN.sub(of, work.rendered)
    check_characters(text)
    return Work(**{**vars(work), "final": text})
