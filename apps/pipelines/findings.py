"""What a run found out: dbt's tests, comparisons of places, new columns. Kept per run, and told to the catalog."""

from collections.abc import Iterable, Sequence

from apps.catalog.services import push_checks
from apps.catalog.types import CheckResult
from apps.pipelines.dbt_results import BuildResult, NodeResult
from apps.pipelines.definitions import Extract
from apps.pipelines.models import Check, PipelineRun
from apps.pipelines.stores import WAREHOUSE
from portal.audit.types import Actor
from portal.runs.sentences import counted
from portal.runs.types import StepContext

Kind = Check.Kind
PIPELINES = Actor.system("pipelines")


def replace(context: StepContext, run: PipelineRun, kind: str, rows: Iterable[Check], *, dataset: str = "") -> None:
    """All findings of one kind (of one dataset, if named): a retry says them again, not twice."""
    with context.fenced():
        old = run.checks.filter(kind=kind)
        (old.filter(dataset=dataset) if dataset else old).delete()
        Check.objects.bulk_create(rows)


def write_tests(context: StepContext, run: PipelineRun, result: BuildResult) -> None:
    tests = [node for node in result.nodes if node.is_test and node.status != "skipped"]
    replace(context, run, Kind.TEST, [_test(run, node) for node in tests])


def _test(run: PipelineRun, node: NodeResult) -> Check:
    passed = node.status in {"pass", "warn"}
    detail = (
        node.message
        if node.status == "error"
        else f"{counted(node.failures, 'row')} against it"
        if node.failures
        else ""
    )
    return Check(
        pipeline_run=run,
        kind=Kind.TEST,
        name=node.name[:300],
        dataset=".".join(node.dataset),
        column=node.column,
        passed=passed,
        detail=detail[:500],
        figures={"failures": node.failures, "id": node.unique_id},
        seconds=node.seconds,
    )


def write_drift(context: StepContext, run: PipelineRun, extract: Extract, new: Sequence[str]) -> None:
    rows = [
        Check(
            pipeline_run=run,
            kind=Kind.DRIFT,
            name=f"{extract.key}.{column}"[:300],
            dataset=extract.key,
            column=column[:300],
            passed=False,
            detail="New in the source. Not loaded until the definition names it.",
        )
        for column in new
    ]
    replace(context, run, Kind.DRIFT, rows, dataset=extract.key)


def push(run: PipelineRun) -> int:
    """To the catalog, also from a run that fails: there a failing check matters most. Returns the datasets found."""
    checks = run.checks.filter(kind__in=[Kind.TEST, Kind.COMPARISON]).exclude(dataset="").exclude(figures__moved=True)
    return push_checks(
        actor=PIPELINES,
        results=[
            CheckResult(
                source=WAREHOUSE,
                path=tuple(check.dataset.split(".")),
                name=check.name,
                passed=check.passed,
                detail=check.detail,
                column=check.column,
                evidence=f"run {run.run_id}",
                figures=check.figures,
            )
            for check in checks
        ],
    )
