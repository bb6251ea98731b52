"""Finds each table in the catalog, and puts in its place a subquery that already carries masks and row filters."""

from collections.abc import Mapping
from itertools import count

from sqlglot import exp

from apps.catalog.types import DatasetSchema
from apps.compliance.policy.choose import Choice, choose, filters_for, sizes_for
from apps.compliance.policy.masks.sql import has_token
from apps.compliance.policy.sql.scans import masked_scan
from apps.compliance.policy.sql.work import SCAN_PREFIX, Scan, Work
from portal.sql.parse import SqlProblem, problem_at
from portal.sql.resolve import Names, qualify
from portal.sql.scopes import bind_tables
from portal.sql.size import check_nodes, check_size
from portal.sql.unfolding import check_unfolded

MOMENTS = ("when", "changes")


def bind_masks(work: Work) -> Work:
    """Every table of the store becomes a scan: a placeholder name that knows its dataset, masks and filters."""
    datasets = {dataset.path: dataset for dataset in work.schema.datasets}
    names = Names(work.schema.default_path, {p: tuple(c.name for c in d.columns) for p, d in datasets.items()})
    scans: dict[str, Scan] = {}
    masks: dict[int, Mapping[str, Choice]] = {}
    numbers = count(1)

    def replace(table: exp.Table) -> exp.Expr:
        dataset = datasets[names.path_of(table)]
        moment = {name: table.args[name] for name in MOMENTS if table.args.get(name)}
        if dataset.id not in masks:
            masks[dataset.id] = masks_of(work, dataset)
        scan = scan_of(work, dataset, f"{SCAN_PREFIX}{next(numbers)}", masks[dataset.id], moment)
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


def masks_of(work: Work, dataset: DatasetSchema) -> Mapping[str, Choice]:
    """Columns of one category are masked alike, where no grant names one of them."""
    source, known = work.schema.source, {}
    found = {}
    for column in dataset.columns:
        alike = (column.certainty, column.category, column.carries, column.name if work.reader.grants else "")
        if alike not in known:
            known[alike] = choose(column, dataset, source, work.reader, work.policies)
        found[column.name] = known[alike]
    return found


def scan_of(
    work: Work, dataset: DatasetSchema, name: str, masks: Mapping[str, Choice], moment: Mapping[str, exp.Expr]
) -> Scan:
    filters = filters_for(dataset, work.schema.source, work.reader, work.policies)
    types = {column.name: column.type for column in dataset.columns}
    for rule in filters:
        if rule.column not in masks:
            raise SqlProblem("not_configured", f"The row filter “{rule.id}” names a column that is not there.")
        if rule.key and not has_token(types[rule.column], work.dialect):
            raise SqlProblem("not_supported", f"Values of {rule.column} are no texts or whole numbers.")
    groups = sizes_for(dataset, work.schema.source, work.reader, work.policies)
    for size in groups:
        if size.entity not in masks:
            raise SqlProblem("not_configured", f"The group size “{size.id}” names a column that is not there.")
    return Scan(name, dataset, masks, filters, moment, groups)


def resolve_columns(work: Work) -> Work:
    columns = {scan.name: tuple(scan.masks) for scan in work.scans.values()}
    check_size(work.tree, columns)
    tree = qualify(work.tree, work.dialect, columns)
    check_nodes(tree)
    check_unfolded(tree)
    return Work(**{**vars(work), "tree": tree})


def mask(work: Work) -> Work:
    """Writes what each scan reads: the columns that the query asks for, under their masks."""
    used = frozenset(column.name for column in work.tree.find_all(exp.Column))
    masked = {scan.name: masked_scan(scan, used, work.dialect) for scan in work.scans.values()}
    return Work(**{**vars(work), "masked": masked})
