"""Never two runs of one pipeline at once. `PipelineRun` without `released_at` is the hold, and a partial unique index
guards it. A run that has ended gives it up when the next one asks; one that is resumed must take it again."""

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from apps.pipelines.models import Pipeline, PipelineRun
from portal.runs.flows import ENDED
from portal.runs.models import Run
from portal.runs.types import StepWaits


class PipelineBusy(Exception):
    """Another run holds the pipeline; `holder` is its number."""

    def __init__(self, pipeline: str, holder: int | None) -> None:
        self.holder = holder
        super().__init__(
            f"{pipeline} is already running: run {holder} holds it."
            if holder
            else f"{pipeline} was just started by somebody else."
        )


def release_ended(pipeline_id: int) -> None:
    """One conditional UPDATE: a run that was resumed meanwhile keeps its hold."""
    ended = Run.objects.filter(pk=OuterRef("run_id"), state__in=ENDED)
    PipelineRun.objects.filter(Exists(ended), pipeline=pipeline_id, released_at=None).update(released_at=timezone.now())


def holder_of(pipeline_id: int) -> PipelineRun | None:
    """The run that holds the pipeline now; None too when that run has ended and only has not been released yet."""
    held = PipelineRun.objects.filter(pipeline=pipeline_id, released_at=None)
    return held.exclude(run__state__in=ENDED).select_related("run").first()


def take(*, pipeline: Pipeline, run: Run) -> PipelineRun:
    """Raises PipelineBusy. Call it inside the transaction that starts the run: both come to be, or neither."""
    release_ended(pipeline.pk)
    try:
        with transaction.atomic():
            return PipelineRun.objects.create(pipeline=pipeline, run=run)
    except IntegrityError:
        holder = holder_of(pipeline.pk)
        raise PipelineBusy(pipeline.name, holder.run_id if holder else None) from None


def keep(run_id: int) -> PipelineRun:
    """What every step asks first. Raises StepWaits while another run holds the pipeline."""
    mine = PipelineRun.objects.select_related("pipeline").get(run=run_id)
    if mine.released_at is None:
        return mine
    release_ended(mine.pipeline_id)
    try:
        with transaction.atomic():
            PipelineRun.objects.filter(pk=mine.pk).update(released_at=None)
    except IntegrityError:
        holder = holder_of(mine.pipeline_id)
        name = f"run {holder.run_id}" if holder else "another run"
        raise StepWaits(f"{mine.pipeline.name} is held by {name}", retry_after_s=10) from None
    mine.released_at = None
    return mine
