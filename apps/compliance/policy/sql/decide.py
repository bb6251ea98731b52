"""A decision for a query in SQL."""

from collections.abc import Callable

from sqlglot import exp

from apps.compliance.policy.sql.allow import check_allowed
from apps.compliance.policy.sql.explain import explain
from apps.compliance.policy.sql.groups import keep_groups_large, verify_groups
from apps.compliance.policy.sql.names import name_outputs
from apps.compliance.policy.sql.output import insert_scans, limit, render, verify
from apps.compliance.policy.sql.shorthand import write_out
from apps.compliance.policy.sql.tables import bind_masks, mask, resolve_columns
from apps.compliance.policy.sql.work import Work
from apps.compliance.policy.types import Allowed, Decision, Refused
from portal.sql.parse import SqlProblem, parse_query
from portal.sql.resolve import fold_identifiers
from portal.sql.size import check_counts


def parse(work: Work) -> Work:
    return Work(**{**vars(work), "tree": parse_query(work.text, work.dialect)})


def bound(work: Work) -> Work:
    check_counts(work.tree)
    return work


def plain_strings(work: Work) -> Work:
    """`$$it's$$` becomes `'it''s'`: one way to write a text, so that two parsers cannot disagree on it."""
    for raw in list(work.tree.find_all(exp.RawString)):
        raw.replace(exp.Literal.string(raw.this))
    return work


def plain(work: Work) -> Work:
    return Work(**{**vars(work), "tree": write_out(work.tree, work.dialect)})


def allow(work: Work) -> Work:
    check_allowed(work.tree, work.dialect, work.policies.functions)
    return work


def fold(work: Work) -> Work:
    return Work(**{**vars(work), "tree": fold_identifiers(work.tree, work.dialect)})


def allow_resolved(work: Work) -> Work:
    """Once more, now that names are known: a bare name may have turned out to be a whole row."""
    return allow(work)


STEPS: tuple[Callable[[Work], Work], ...] = (
    parse,
    plain_strings,
    plain,
    bound,
    allow,
    fold,
    name_outputs,
    bind_masks,
    resolve_columns,
    allow_resolved,
    explain,
    keep_groups_large,
    mask,
    limit,
    render,
    verify,
    verify_groups,
    insert_scans,
)


def decide_sql(work: Work) -> Decision:
    try:
        for step in STEPS:
            work = step(work)
    except SqlProblem as problem:
        detail = {"function": problem.function} if problem.function else {}
        return Refused(problem.code, problem.message, problem.hint, problem.line, problem.column, detail)
    except RecursionError:
        return Refused("too_complex", "The statement is nested too deeply to be checked.", "Split it.")
    datasets = tuple(sorted({scan.dataset.id for scan in work.scans.values()}))
    in_groups = any(scan.groups for scan in work.scans.values())
    return Allowed(
        work.columns,
        datasets,
        text=work.final,
        notes=work.notes,
        filtered=work.filtered,
        in_groups=in_groups,
    )
