"""Where a project's declarations and its statements disagree, and statements that are not understood."""

from collections.abc import Iterable

from apps.catalog.dbt_artifacts import DbtProject
from apps.catalog.dbt_import import Traced, Tracing
from apps.catalog.findings.services import state
from apps.catalog.findings.types import FindingKind, Found
from apps.catalog.naming import Names
from portal.audit.types import Actor


def tell(*, actor: Actor, project: DbtProject, tracing: Tracing, source: str, names: Names) -> None:
    """Inside the importer's transaction: all three kinds of finding of this project are as this import has them."""
    origin = f"dbt:{project.name}"[:300]
    evidence = f"dbt invocation {project.invocation[:8]}"
    paths = project.paths
    declared: list[Found] = []
    read: list[Found] = []
    for traced in tracing.models:
        if traced.tables is None or traced.model.needs is None:
            continue
        said = {pk for uid in traced.model.needs if (pk := names.dataset(source, paths.get(uid, ())))}
        seen = {pk for path in traced.tables if (pk := names.dataset(source, path))}
        by_id = {names.dataset(source, path): ".".join(path) for path in (*paths.values(), *traced.tables)}
        declared += _each(traced, said - seen, by_id, "declares an input that its statement does not read", evidence)
        read += _each(traced, seen - said, by_id, "reads a relation that it does not declare", evidence)
    unread = [
        Found(t.dataset, t.model.id, "The compiled statement of this model is not understood", t.problem, "", evidence)
        for t in tracing.models
        if t.not_read
    ]
    for kind, found in (
        (FindingKind.DECLARED_NOT_READ, declared),
        (FindingKind.READ_NOT_DECLARED, read),
        (FindingKind.STATEMENT_NOT_READ, unread),
    ):
        state(actor=actor, source=source, origin=origin, kind=kind, found=found)


def _each(
    traced: Traced, datasets: Iterable[int], names: dict[int | None, str], words: str, evidence: str
) -> list[Found]:
    return [
        Found(traced.dataset, str(pk), f"The model {words}", names.get(pk, ""), "", evidence) for pk in sorted(datasets)
    ]
