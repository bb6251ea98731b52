"""Lineage of views from their definitions, as the store tells them at each sync."""

from apps.catalog import document_views
from apps.catalog.edges import Known, Stated, replace_origins
from apps.catalog.findings.services import state
from apps.catalog.findings.types import FindingKind, Found
from apps.catalog.models import Dataset, Derivation, Source
from apps.catalog.naming import Names
from apps.catalog.tracing import Tracer, problem_of, view_origin
from apps.catalog.types import EdgeEvidence, SourceKind
from portal.audit.types import Actor
from portal.sql.lineage.script import view_lineage
from portal.sql.parse import Dialect, SqlProblem

DIALECTS: dict[str, Dialect] = {SourceKind.POSTGRES: "postgres", SourceKind.SNOWFLAKE: "snowflake"}
VIEWS = ("view", "materialized_view")
ORIGIN = "views"


def read_views(*, actor: Actor, source: Source) -> set[int]:
    """Inside the sync's transaction. A view that dbt built is told by dbt. Returns the datasets it changed."""
    views = list(Dataset.objects.filter(source=source, kind__in=VIEWS, retired_at=None).exclude(definition=""))
    if not views and not source.findings.filter(origin=ORIGIN, closed_at=None).exists():
        return set()
    names = Names([source.name])
    names.load_columns(names.ids(source.name))
    tracer = Tracer(source.name, names)
    stated: dict[str, Stated] = {}
    unread: list[Found] = []
    for view in views:
        try:
            found = Stated(()) if view.dbt_id else _read(view, source, tracer)
        except SqlProblem as problem:
            found = _unknown(view, tracer, f"its definition is not understood: {problem.message}")
            told = f"{problem.message} (line {problem.line})" if problem.line else problem.message
            unread.append(Found(view.pk, "definition", "The definition of this view is not understood.", told))
        stated[view_origin(view.pk)] = found
        if not view.dbt_id:
            _settle(view, found)
    state(actor=actor, source=source.name, origin=ORIGIN, kind=FindingKind.STATEMENT_NOT_READ, found=unread)
    Dataset.objects.bulk_update(views, ["lineage", "lineage_note"])
    return replace_origins(stated)


def _read(view: Dataset, source: Source, tracer: Tracer) -> Stated:
    """Raises SqlProblem."""
    evidence = EdgeEvidence("view", view.title)
    if source.kind not in DIALECTS:
        return document_views.read(view, tracer, evidence)
    # PostgreSQL leaves the schema away where its own search path finds the table; Snowflake in the view's schema.
    path = source.default_path if source.kind == SourceKind.POSTGRES else view.path
    dialect = DIALECTS[source.kind]
    lineage = view_lineage(view.definition, dialect, tracer.columns_of, default_path=tuple(path[:2]))
    return tracer.stated(view.pk, lineage, evidence)


def _unknown(view: Dataset, tracer: Tracer, why: str) -> Stated:
    return Stated((), [Known(column, Derivation.How.UNKNOWN, why) for column in tracer.own_columns(view.pk).values()])


def _settle(view: Dataset, found: Stated) -> None:
    problem = problem_of(found)
    view.lineage_note = problem[:500]
    if problem:
        view.lineage = Dataset.Lineage.PARTIAL if found.links else Dataset.Lineage.UNKNOWN
    else:
        view.lineage = Dataset.Lineage.KNOWN
