"""Runs the steps of a run in this process, one after the other: what a worker does, without its threads."""

from apps.pipelines import services
from apps.pipelines.models import PipelineRun
from portal.runs.executor import work
from portal.runs.models import Run
from portal.runs.types import Outcome, StepContext
from tests.people import HOUSE


def run(name: str) -> PipelineRun:
    """A whole run, to its end."""
    started = start(name)
    drain(started)
    return started


def start(name: str) -> PipelineRun:
    return services.start(actor=HOUSE, pipeline=services.pipeline_named(name))


def drain(started: PipelineRun, *, until: str = "") -> Run:
    """Works until nothing is queued, or the step `until` is done."""
    steps = started.run.steps
    while (step := steps.filter(state="queued").order_by("position").first()) is not None:
        work(step.pk)
        if step.key == until:
            break
    started.run.refresh_from_db()
    return started.run


def receipt(started: PipelineRun, dataset: str = "oltp.tiny_orders"):  # type: ignore[no-untyped-def]
    return started.receipts.get(dataset=dataset)


def untold(context: StepContext) -> Outcome:
    """In place of the last step where a test is about loads: looking at three whole stores takes its time."""
    return Outcome("the catalog is not told")
