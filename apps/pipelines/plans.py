"""The plan of one run: a pair of steps per dataset, then what is built from all of them."""

from apps.pipelines.definitions import Definition, Extract
from apps.pipelines.models import Pipeline
from portal.runs.types import RunPlan, StepPlan

VIEW = "pipelines.view_pipeline"
RUN = "pipelines.run_pipeline"
POOL = "warehouse"
EXTRACT_POOL = "extract"  # each holds some tens of megabytes of batches
HOUR = 3600


def plan_of(pipeline: Pipeline, definition: Definition, *, trigger: str) -> RunPlan:
    loads = tuple(f"load:{extract.key}" for extract in definition.extracts)
    built = tuple(f"build:{place}" for place in range(len(definition.transforms)))
    return RunPlan(
        kind="pipeline",
        name=definition.name,
        title=definition.title,
        steps=(
            *(step for extract in definition.extracts for step in _pair(extract)),
            *_builds(definition, loads),
            *_check(definition, built or loads),
            StepPlan(
                key="publish",
                kind="pipelines.publish",
                title="Tell the catalog",
                after=(*built, *(["check"] if definition.checks else [])),
                pool=POOL,
            ),
            *_others(definition),
        ),
        permission=definition.permission or VIEW,
        control=RUN,
        subject_kind="pipeline",
        subject_id=str(pipeline.pk),
        trigger=trigger,
    )


def _check(definition: Definition, after: tuple[str, ...]) -> list[StepPlan]:
    if not definition.checks:
        return []
    title = "Compare source, RAW and CORE"
    return [StepPlan(key="check", kind="pipelines.check", title=title, after=after, pool=POOL)]


def _others(definition: Definition) -> list[StepPlan]:
    return [
        StepPlan(
            key=step.key,
            kind=step.kind,
            title=step.title,
            params=step.params,
            after=step.after or ("publish",),
            pool=step.pool,
        )
        for step in definition.steps
    ]


def _pair(extract: Extract) -> tuple[StepPlan, StepPlan]:
    params = {"dataset": extract.key}
    table = ".".join(extract.target[1:])
    first = StepPlan(
        key=f"extract:{extract.key}",
        kind="pipelines.extract",
        title=f"Extract {extract.key}",
        params=params,
        pool=EXTRACT_POOL,
        timeout_s=4 * HOUR,
    )
    second = StepPlan(
        key=f"load:{extract.key}",
        kind="pipelines.load",
        title=f"Load {table}",
        params=params,
        after=(first.key,),
        pool=POOL,
        timeout_s=4 * HOUR,
    )
    return first, second


def _builds(definition: Definition, loads: tuple[str, ...]) -> list[StepPlan]:
    return [
        StepPlan(
            key=f"build:{place}",
            kind="pipelines.transform",
            title=f"dbt {transform.arguments[0]}",
            params={"transform": place},
            after=loads if not place else (f"build:{place - 1}",),
            pool=POOL,
            timeout_s=4 * HOUR,
        )
        for place, transform in enumerate(definition.transforms)
    ]
