"""Finds each table in the catalog, and puts in its place a subquery that already carries masks and row filters."""

from collections.abc import Mapping
from itertools import count

from sqlglot import exp

from apps.catalog.types import DatasetSchema
from apps.compliance.policy.choose import Choice, choose, filters_for
from apps.compliance.policy.masks.sql import mask_column
from apps.compliance.policy.sql.work import SCAN_PREFIX, Scan, Work
from apps.compliance.policy.types import RowFilter
from portal.sql.parse import Dialect, SqlProblem, problem_at
from portal.sql.resolve import Names, qualify
from portal.sql.scopes import bind_tables
from portal.sql.size import check_nodes, check_size

MOMENTS = ("when", "changes")


def bind_masks(work: Work) -> Work:
    """Every table of the store becomes a scan: a placeholder name that knows its dataset, masks and filters."""
    datasets = {dataset.path: dataset for dataset in work.schema.datasets}
    names = Names(work.schema.default_path, {p: tuple(c.name for c in d.columns) for p, d in datasets.items()})
    scans: dict[str, Scan] = {}
    numbers = count(1)

    def replace(table: exp.Table) -> exp.Expr:
        dataset = datasets[names.path_of(table)]
        moment = {name: table.args[name] for name in MOMENTS if table.args.get(name)}
        scan = scan_of(work, dataset, f"{SCAN_PREFIX}{next(numbers)}", moment)
        scans[scan.name] = scan
        check_alias(table)
        alias = table.args.get("alias") or exp.TableAlias(this=exp.to_identifier(table.name, quoted=True))
        sample = table.args.get("sample")
        return exp.Table(this=exp.to_identifier(scan.name, quoted=True), alias=alias.copy(), sample=sample)

    strip_paths(work.tree)
    tree = bind_tables(work.tree, replace)
    return Work(**{**vars(work), "tree": tree, "scans": scans})


def check_alias(table: exp.Table) -> None:
    """`customers as c (a, b)` names columns by their position, and a scan reads only those that are asked for."""
    alias = table.args.get("alias")
    if alias is not None and alias.args.get("columns"):
        raise problem_at(
            table,
            "not_supported",
            "The columns of a table cannot be renamed where it is read.",
            "Rename them in the SELECT: select email as contact from customers.",
        )


def strip_paths(tree: exp.Expr) -> None:
    """`public.customers.email` becomes `customers.email`: a scan is known by its last name only."""
    for column in tree.find_all(exp.Column):
        column.set("db", None)
        column.set("catalog", None)


def scan_of(work: Work, dataset: DatasetSchema, name: str, moment: Mapping[str, exp.Expr]) -> Scan:
    source = work.schema.source
    masks = {c.name: choose(c, dataset, source, work.reader, work.policies) for c in dataset.columns}
    filters = filters_for(dataset, source, work.reader, work.policies)
    for rule in filters:
        if rule.column not in masks:
            raise SqlProblem("not_configured", f"The row filter “{rule.id}” names a column that is not there.")
    return Scan(name, dataset, masks, filters, moment)


def resolve_columns(work: Work) -> Work:
    columns = {scan.name: tuple(scan.masks) for scan in work.scans.values()}
    check_size(work.tree, columns)
    tree = qualify(work.tree, work.dialect, columns)
    check_nodes(tree)
    return Work(**{**vars(work), "tree": tree})


def rewrite(work: Work) -> Work:
    """Puts the masked subquery where each scan stands.

    >>> select c.email from customers as c
    select c.email from (select '***' || ... as email from payments.public.customers) as c
    """
    used = frozenset(column.name for column in work.tree.find_all(exp.Column))
    masked = masked_selects(work, used)
    for table in list(work.tree.find_all(exp.Table)):
        scan = work.scans.get(table.name)
        if scan is None or table.args.get("db"):
            continue
        subquery = exp.Subquery(this=masked[scan.name].copy(), alias=table.args["alias"].copy())
        if table.args.get("sample"):  # drawn from what is masked
            subquery.set("sample", table.args["sample"].copy())
        table.replace(subquery)
    check_nodes(work.tree)
    return Work(**{**vars(work), "used": used})


def masked_selects(work: Work, used: frozenset[str]) -> dict[str, exp.Select]:
    """By scan. Every scan of a dataset at one moment is masked alike."""
    made: dict[tuple[object, ...], exp.Select] = {}
    for scan in work.scans.values():
        if alike(scan) not in made:
            made[alike(scan)] = masked_select(scan, used, work.dialect)
    return {scan.name: made[alike(scan)] for scan in work.scans.values()}


def alike(scan: Scan) -> tuple[object, ...]:
    return (scan.dataset.path, *((name, part.sql()) for name, part in sorted(scan.moment.items())))


def masked_select(scan: Scan, used: frozenset[str], dialect: Dialect) -> exp.Select:
    types = {column.name: column.type for column in scan.dataset.columns}
    # A scan without any column is no SQL; one that nothing asks for costs nothing.
    wanted = [name for name in scan.masks if name in used] or list(scan.masks)[:1]
    projections = [
        exp.alias_(masked_column(scan.masks[name], name, types[name], dialect), name, quoted=True) for name in wanted
    ]
    database, schema, table = scan.dataset.path
    source = exp.Table(
        this=exp.to_identifier(table, quoted=True),
        db=exp.to_identifier(schema, quoted=True),
        catalog=exp.to_identifier(database, quoted=True),
        **{name: part.copy() for name, part in scan.moment.items()},
    )
    select = exp.Select(expressions=projections, from_=exp.From(this=source))
    return filtered(select, scan.filters, dialect) if scan.filters else select


def masked_column(choice: Choice, name: str, column_type: str, dialect: Dialect) -> exp.Expr:
    return mask_column(choice.kind, name, column_type, dialect, choice.options)


def filtered(select: exp.Select, filters: tuple[RowFilter, ...], dialect: Dialect) -> exp.Select:
    """Only the rows of the filter, behind a fence: without it the store may try the reader's condition on the rows
    that the filter takes away, and an error in it would tell of them."""
    for rule in filters:
        column = exp.cast(exp.column(exp.to_identifier(rule.column, quoted=True)), "TEXT")
        values = [exp.Literal.string(value) for value in rule.values]
        select = select.where(exp.In(this=column, expressions=values) if values else exp.false())
    if dialect == "postgres":
        return select.offset(0)
    return select.qualify("COUNT(*) OVER () > 0", dialect="snowflake")
