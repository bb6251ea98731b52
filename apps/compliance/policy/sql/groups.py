"""Datasets that a reader gets in groups of enough people alone: each query that reads one is checked, and told to leave
out the groups that are too small.

>>> select country, sum(amount) from payers group by country
select country, sum(amount) from (select ..., customer_id as portico_entity_1 from payers) as payers
group by country having count(distinct payers.portico_entity_1) >= 10
"""

from sqlglot import exp
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.schema import MappingSchema

from apps.compliance.policy.choose import left_out
from apps.compliance.policy.sql.calm import check_calm
from apps.compliance.policy.sql.group_blocks import Block, blocks, check_block, check_place, reached
from apps.compliance.policy.sql.work import ENTITY, Scan, Work, unsafe
from apps.compliance.policy.types import GroupSize, MaskKind
from portal.sql.parse import parse_query

OF_ITS_TYPE = (MaskKind.CLEAR, MaskKind.NULL, MaskKind.YEAR, MaskKind.DATE, MaskKind.BUCKET, MaskKind.NOISE)


def keep_groups_large(work: Work) -> Work:
    """Raises SqlProblem where a dataset in groups is read in a way that could show less than a group."""
    sized = {name: scan for name, scan in work.scans.items() if scan.groups}
    if not sized:
        return work
    typed_tree = typed(work)
    for table in typed_tree.find_all(exp.Table):
        if table.name in sized:
            check_place(table, sized[table.name])
    found = list(blocks(typed_tree, sized))
    for block in found:
        check_block(block, work)
    for cte in reached(found, typed_tree):
        check_calm(cte.this, work.dialect)
    for block in list(blocks(work.tree, sized)):
        restrict(block, work)
    rules = sorted({rule for scan in sized.values() for rule in scan.groups}, key=lambda rule: rule.id)
    return Work(**{**vars(work), "notes": (*work.notes, *(left_out(rule) for rule in rules))})


def typed(work: Work) -> exp.Query:
    """A copy that knows the types of its columns, as they are behind their masks."""
    columns: dict[str, object] = {scan.name: types_of(scan) for scan in work.scans.values()}
    schema = MappingSchema(columns, dialect=work.dialect, normalize=False)
    return annotate_types(work.tree.copy(), schema=schema, dialect=work.dialect)


def types_of(scan: Scan) -> dict[str, str]:
    return {
        column.name: column.type if scan.masks[column.name].kind in OF_ITS_TYPE else "TEXT"
        for column in scan.dataset.columns
    }


def restrict(block: Block, work: Work) -> None:
    """Leaves small groups out, and everything that was typed of groups to the large ones."""
    select = block.select
    large = exp.and_(*(enough(name, scan) for name, scan in block.scans.items()), copy=False)
    typed_having = select.args.get("having")
    if typed_having is not None:
        # In an AND a store may try the typed part first, or move it in front of the groups; an error would tell.
        kept = exp.If(this=large, true=typed_having.this)
        large = exp.Case(ifs=[kept], default=exp.false())
    select.set("having", exp.Having(this=large))
    if select is not work.tree:
        fence(select, work)


def enough(name: str, scan: Scan) -> exp.Expr:
    return exp.and_(*(at_least(name, number, rule) for number, rule in enumerate(scan.groups, 1)), copy=False)


def at_least(name: str, number: int, rule: GroupSize) -> exp.Expr:
    column = exp.column(exp.to_identifier(f"{ENTITY}{number}", quoted=True), table=exp.to_identifier(name, quoted=True))
    count = exp.Count(this=exp.Distinct(expressions=[column]), big_int=True)
    return exp.GTE(this=count, expression=exp.Literal.number(rule.at_least))


def fence(select: exp.Select, work: Work) -> None:
    """What a query around it compares with a key may not be tried in front of the groups."""
    if work.dialect == "snowflake":
        select.qualify("COUNT(*) OVER () > 0", dialect="snowflake", copy=False)
    elif not select.args.get("limit") and not select.args.get("offset"):
        select.offset(0, copy=False)
    if isinstance(select.parent, exp.SetOperation):
        brackets = exp.Subquery()
        select.replace(brackets)
        brackets.set("this", select)  # itself: others inside of it are still to be restricted


def verify_groups(work: Work) -> Work:
    """Reads the text again: around each scan of a dataset in groups stands a query that leaves the small ones out."""
    expected = {name: scan for name, scan in work.scans.items() if scan.groups}
    if not expected:
        return work
    for table in parse_query(work.rendered, work.dialect).find_all(exp.Table):
        scan = expected.get(table.name)
        if scan is not None and not is_restricted(table, scan, work):
            raise unsafe()
    return work


def is_restricted(table: exp.Table, scan: Scan, work: Work) -> bool:
    around = table.find_ancestor(exp.Select)
    having = around.args.get("having") if around is not None else None
    if having is None:
        return False
    condition = having.this.args["ifs"][0].this if isinstance(having.this, exp.Case) else having.this
    found = {part.sql(work.dialect) for part in condition.flatten()} if isinstance(condition, exp.And) else set()
    found |= {condition.sql(work.dialect)}
    name = table.alias
    return all(at_least(name, at, rule).sql(work.dialect) in found for at, rule in enumerate(scan.groups, 1))
