"""Tells the catalog what a run has done: what the stores hold now, where each column came from, how fresh and how
well checked everything is."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from apps.catalog.services import UnknownDataset, import_dbt, push_freshness, replace_edges, sync_source
from apps.catalog.types import ColumnRef, Edge, EdgeEvidence, EdgeKind
from apps.compliance.services import refresh_governance
from apps.pipelines import findings
from apps.pipelines.dbt_results import read_results
from apps.pipelines.definitions import Definition
from apps.pipelines.models import PipelineRun
from apps.pipelines.stores import WAREHOUSE, source_store
from portal.runs.types import Outcome, StepContext
from portal.stores.types import Sql, StoreError

Place = tuple[str, ...]


def publish(context: StepContext, run: PipelineRun, definition: Definition) -> Outcome:
    counts = {"datasets": _sync(context, definition)}
    edges = replace_edges(
        actor=findings.PIPELINES, origin=f"pipeline:{definition.name}", edges=load_edges(definition, run.run_id)
    )
    if edges.unmatched:
        context.log(f"{len(edges.unmatched)} columns of the loads are not in the catalog.", level="warning")
    counts["edges"] = edges.edges
    targets = [Path(settings.HOME) / str(out["target"]) for key, out in context.inputs.items() if key[:6] == "build:"]
    for target in targets:
        counts |= _import(context, target)
    # Tables that this run made obey the governance files at once: nobody waits for the periodic look.
    refresh_governance(actor=findings.PIPELINES)
    counts["checked"] = findings.push(run)
    counts["fresh"] = _freshen(context, run, definition, built_tables(targets))
    return Outcome(f"{counts['datasets']} datasets, {counts['edges']} columns traced to their source", counts=counts)


def _sync(context: StepContext, definition: Definition) -> int:
    """A source that is down keeps what the catalog knew of it; the warehouse, which this run filled, must answer."""
    seen = 0
    for name in sorted({extract.source for extract in definition.extracts}):
        context.check()
        try:
            seen += sync_source(actor=findings.PIPELINES, source=name).datasets
        except StoreError as error:
            context.log(f"{name} could not be read: {error.public}", level="warning")
    return seen + sync_source(actor=findings.PIPELINES, source=WAREHOUSE).datasets


def _import(context: StepContext, target: Path) -> dict[str, int]:
    report = import_dbt(actor=findings.PIPELINES, target_dir=target, source=WAREHOUSE)
    for model, why in sorted(report.incomplete.items()):
        context.log(f"Lineage of {model} is not fully known: {why}", level="warning")
    return {"models": report.models, "dbt edges": report.edges}


def load_edges(definition: Definition, run_id: int) -> Iterator[Edge]:
    """Every loaded column is a copy of one column, or one path, of its source."""
    for extract in definition.extracts:
        evidence = EdgeEvidence("load", f"run {run_id}, step load:{extract.key}", f"copied by {definition.name}")
        for column in extract.columns:
            yield Edge(
                upstream=ColumnRef(extract.source, extract.path, column.source),
                downstream=ColumnRef(WAREHOUSE, extract.target, column.target),
                kind=EdgeKind.VALUE,
                evidence=evidence,
            )


def built_tables(targets: Iterable[Path]) -> set[Place]:
    """What dbt keeps rows in; a view is as fresh as what it reads."""
    return {path for target in targets for path in read_results(target).tables}


def _freshen(context: StepContext, run: PipelineRun, definition: Definition, built: set[Place]) -> int:
    moments: dict[Place, datetime] = dict.fromkeys(built, timezone.now())
    for receipt in run.receipts.filter(loaded_at__isnull=False):
        moments[tuple(receipt.target.split("."))] = receipt.loaded_at or receipt.window_at
    rows = count(sorted(moments))
    told = 0
    for path, moment in sorted(moments.items()):
        try:
            push_freshness(actor=findings.PIPELINES, source=WAREHOUSE, path=path, rows=rows.get(path), loaded_at=moment)
            told += 1
        except UnknownDataset as error:
            context.log(str(error), level="warning")
    return told


def count(paths: Sequence[Place]) -> dict[Place, int]:
    """Rows of each table, in one statement."""
    if not paths:
        return {}
    parts = (
        f"select {place} as place, count(*) as n from {'.'.join(map(_name, path))}"  # noqa: S608 - names only
        for place, path in enumerate(paths)
    )
    with source_store(WAREHOUSE).read(Sql(" union all ".join(parts))) as rows:
        found = [row for batch in rows for row in batch.to_pylist()]
    return {paths[int(place)]: int(n) for place, n in (row.values() for row in found)}


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
