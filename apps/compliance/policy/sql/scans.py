"""What stands where a table of the store was: its columns under their masks, its rows through their filters."""

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from sqlglot import exp

from apps.compliance.policy.masks.sql import mask_column
from apps.compliance.policy.sql.allow import check_allowed
from apps.compliance.policy.sql.work import ENTITY, Scan, unsafe
from apps.compliance.policy.types import GroupSize, MaskKind, MaskOptions, RowFilter
from portal.sql.parse import Dialect, parse_query

Shown = tuple[str, str, MaskKind, MaskOptions]  # a column: name, type, and how it is masked


def masked_scan(scan: Scan, used: frozenset[str], dialect: Dialect) -> str:
    """The text of the select. Raises SqlProblem where it does not read back as what it was made as."""
    # A scan without any column is no SQL; one that nothing asks for costs nothing.
    wanted = [name for name in scan.masks if name in used] or list(scan.masks)[:1]
    types = {column.name: column.type for column in scan.dataset.columns}
    shown = tuple((name, types[name], scan.masks[name].kind, scan.masks[name].options) for name in wanted)
    if scan.moment or any(rule.key for rule in scan.filters):
        read = select_of(scan.dataset.path, shown, scan.filters, scan.moment, dialect, types=types)
        return read_again(carrying(read, scan.groups), scan.dataset.path, dialect)
    return kept(scan.dataset.path, shown, scan.filters, scan.groups, dialect)


@lru_cache(maxsize=4_096)
def kept(
    path: tuple[str, ...],
    shown: tuple[Shown, ...],
    filters: tuple[RowFilter, ...],
    groups: tuple[GroupSize, ...],
    dialect: Dialect,
) -> str:
    """Made of names and rules alone: nothing that somebody typed stays in memory by it."""
    return read_again(carrying(select_of(path, shown, filters, {}, dialect), groups), path, dialect)


def read_again(select: exp.Select, path: tuple[str, ...], dialect: Dialect) -> str:
    """The text, once it was read as if somebody had typed it: one select of this table, and nothing in it that could
    not have been typed but the functions of tokens and noise. What fails here is a fault of the engine."""
    text = select.sql(dialect, comments=False, copy=False)
    read = parse_query(text, dialect)
    tables = [tuple(part.name for part in table.parts) for table in read.find_all(exp.Table)]
    if not isinstance(read, exp.Select) or tables != [path] or read.args.get("with_"):
        raise unsafe()
    without_keyed(read)
    check_allowed(read, dialect)
    return text


def without_keyed(select: exp.Select) -> None:
    """Takes the functions of tokens and noise out of what the policy wrote: nobody types them."""
    parts = [part for part in (*select.expressions, select.args.get("where")) if part is not None]
    for call in [call for part in parts for call in part.find_all(exp.Dot)]:
        if not isinstance(call.parent, exp.Dot):
            call.replace(exp.null())


def select_of(
    path: tuple[str, ...],
    shown: tuple[Shown, ...],
    filters: tuple[RowFilter, ...],
    moment: Mapping[str, exp.Expr],
    dialect: Dialect,
    *,
    types: Mapping[str, str] = MappingProxyType({}),
) -> exp.Select:
    """`types` by column are needed for filters with a key alone."""
    projections = [
        exp.Alias(
            this=mask_column(kind, name, column_type, dialect, options), alias=exp.to_identifier(name, quoted=True)
        )
        for name, column_type, kind, options in shown
    ]
    database, schema, table = (exp.to_identifier(part, quoted=True) for part in path)
    past = {name: part.copy() for name, part in moment.items()}
    source = exp.Table(this=table, db=schema, catalog=database, **past)
    select = exp.Select(expressions=projections, from_=exp.From(this=source))
    return filtered(select, filters, dialect, types) if filters else select


def carrying(select: exp.Select, groups: tuple[GroupSize, ...]) -> exp.Select:
    """With the columns by which groups are measured. Their names are the engine's: no star stands for them, and no
    typed text is resolved to them."""
    for number, size in enumerate(groups, 1):
        name = exp.to_identifier(f"{ENTITY}{number}", quoted=True)
        select.append("expressions", exp.Alias(this=column_of(size.entity), alias=name))
    return select


def column_of(name: str) -> exp.Column:
    return exp.column(exp.to_identifier(name, quoted=True))


def filtered(
    select: exp.Select, filters: tuple[RowFilter, ...], dialect: Dialect, types: Mapping[str, str]
) -> exp.Select:
    """Only the rows of the filter, behind a fence: without it the store may try the reader's condition on the rows
    that the filter takes away, and an error in it would tell of them."""
    for rule in filters:
        column = compared(rule, dialect, types)
        values = [exp.Literal.string(value) for value in rule.values]
        select = select.where(exp.In(this=column, expressions=values) if values else exp.false())
    if dialect == "postgres":
        return select.offset(0)
    return select.qualify("COUNT(*) OVER () > 0", dialect="snowflake")


def compared(rule: RowFilter, dialect: Dialect, types: Mapping[str, str]) -> exp.Expr:
    if rule.key:
        options = MaskOptions(purpose=rule.key)
        return mask_column(MaskKind.TOKEN, rule.column, types[rule.column], dialect, options)
    return exp.cast(exp.column(exp.to_identifier(rule.column, quoted=True)), "TEXT")
