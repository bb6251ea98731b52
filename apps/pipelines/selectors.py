"""What a person may see of pipelines and their runs."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from django.conf import settings
from django.db.models import Prefetch, QuerySet

from apps.pipelines.definitions import UnknownPipeline, definition_of
from apps.pipelines.models import Pipeline, PipelineRun
from apps.pipelines.plans import RUN
from portal.accounts.access import visible
from portal.accounts.models import User
from portal.accounts.selectors import Someone
from portal.runs.flows import ACTIVE
from portal.runs.selectors import runs_for
from portal.runs.types import State

STRIP = 14


@dataclass(frozen=True)
class Line:
    """A pipeline as lists show it: its last runs (the newest last), and when the next one would be done."""

    pipeline: Pipeline
    runs: tuple[PipelineRun, ...]
    last: PipelineRun | None
    active: PipelineRun | None
    typical: timedelta | None
    expected_at: datetime | None
    late: bool

    @property
    def no_next(self) -> str:
        """Why there is no next moment; empty when there is one."""
        if self.active:
            return f"after run {self.active.run_id}"
        if self.pipeline.paused:
            return "paused"
        if self.pipeline.next_run_at:
            return ""
        return "not scheduled: nobody owns it yet" if self.pipeline.schedule else "by hand only"


def pipelines_for(person: Someone) -> QuerySet[Pipeline]:
    return visible(person, Pipeline.objects.select_related("owner")).exclude(name__in=_kept_from(person))


def _kept_from(person: Someone) -> list[str]:
    """Pipelines that ask for a permission of their own, which this person lacks."""
    asked = {name: permission for name in settings.PIPELINES if (permission := _asked(name))}
    return [name for name in asked if not (isinstance(person, User) and person.has_perm(asked[name]))]


def _asked(name: str) -> str:
    try:
        return definition_of(name).permission
    except UnknownPipeline:
        return ""


def pipeline_for(person: Someone, name: str) -> Pipeline:
    """Raises Pipeline.DoesNotExist for one this person may not know of."""
    return pipelines_for(person).get(name=name)


def may_run(person: Someone) -> bool:
    return isinstance(person, User) and person.is_active and person.has_perm(RUN)


def runs_of(person: Someone) -> QuerySet[PipelineRun]:
    seen = PipelineRun.objects.filter(pipeline__in=pipelines_for(person).order_by().values("pk"))
    return seen.select_related("run", "run__started_by", "pipeline")


def run_for(person: User, run_id: int) -> PipelineRun:
    """Raises PipelineRun.DoesNotExist for a run this person may not know of."""
    return PipelineRun.objects.select_related("run", "pipeline").get(run__in=runs_for(person).filter(pk=run_id))


def overview(person: Someone) -> list[Line]:
    newest = PipelineRun.objects.select_related("run").order_by("-id")[:STRIP]
    found = pipelines_for(person).prefetch_related(Prefetch("runs", queryset=newest, to_attr="newest"))
    return [line_of(pipeline, tuple(pipeline.newest)) for pipeline in found]


def line_of(pipeline: Pipeline, newest: tuple[PipelineRun, ...]) -> Line:
    """`newest` has the newest first."""
    active = next((each for each in newest if each.run.state in ACTIVE), None)
    took = [took for each in newest if (took := _took(each))]
    typical = timedelta(seconds=median(each.total_seconds() for each in took)) if took else None
    begins = active.run.created_at if active else pipeline.next_run_at
    expected = begins + typical if begins and typical else None
    return Line(
        pipeline=pipeline,
        runs=newest[::-1],
        last=next((each for each in newest if each is not active), None),
        active=active,
        typical=typical,
        expected_at=expected,
        late=bool(begins and expected and expected - begins > deadline(pipeline)),
    )


def deadline(pipeline: Pipeline) -> timedelta:
    try:
        return timedelta(minutes=definition_of(pipeline.name).deadline_minutes)
    except UnknownPipeline:
        return timedelta.max


def _took(each: PipelineRun) -> timedelta | None:
    run = each.run
    if run.state != State.DONE or not run.finished_at:
        return None
    return run.finished_at - (run.started_at or run.created_at)
