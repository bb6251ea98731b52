"""Everything that changes a pipeline. Each function is one transaction with its audit event inside."""

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from apps.pipelines import holds
from apps.pipelines.definitions import UnknownPipeline, definition_of
from apps.pipelines.models import Pipeline, PipelineRun
from apps.pipelines.plans import plan_of
from portal.accounts.models import User
from portal.audit.actions import Action
from portal.audit.services import record
from portal.audit.types import Actor, Target
from portal.runs.schedule import BadSchedule, next_after
from portal.runs.services import start_run


def register(*, using: str = "default") -> list[Pipeline]:
    """A row for every configured pipeline that can be imported. What people set (owner, schedule) is theirs."""
    return [_register(name, using) for name in sorted(settings.PIPELINES)]


def _register(name: str, using: str) -> Pipeline:
    definition = definition_of(name)
    pipeline, _ = Pipeline.objects.using(using).update_or_create(
        name=name,
        defaults={
            "title": definition.title,
            "description": definition.description,
            "definition": settings.PIPELINES[name],
        },
        create_defaults={
            "title": definition.title,
            "description": definition.description,
            "definition": settings.PIPELINES[name],
            "schedule": definition.schedule,
        },
    )
    return pipeline


def pipeline_named(name: str) -> Pipeline:
    """Raises UnknownPipeline."""
    definition_of(name)
    return Pipeline.objects.filter(name=name).first() or _register(name, "default")


@transaction.atomic
def start(*, actor: Actor, pipeline: Pipeline, started_by: User | None = None, trigger: str = "manual") -> PipelineRun:
    """Raises PipelineBusy with the run that holds it, UnknownPipeline when its definition cannot be imported."""
    plan = plan_of(pipeline, definition_of(pipeline.name), trigger=trigger)
    # The hold's index decides; asking first only spares the common case a run that is taken back.
    holds.release_ended(pipeline.pk)
    if holder := holds.holder_of(pipeline.pk):
        raise holds.PipelineBusy(pipeline.name, holder.run_id)
    run = start_run(actor=actor, plan=plan, started_by=started_by)
    return holds.take(pipeline=pipeline, run=run)


@transaction.atomic
def set_schedule(*, actor: Actor, pipeline: Pipeline, owner: User, schedule: str, paused: bool) -> Pipeline:
    """Whoever sets the schedule owns the pipeline: due runs start in that person's name. Raises BadSchedule."""
    following = next_after(schedule, timezone.now())
    pipeline.owner = owner
    pipeline.schedule = " ".join(schedule.split())
    pipeline.paused = paused
    pipeline.next_run_at = None if paused else following
    pipeline.schedule_note = ""
    pipeline.save()
    record(
        actor=actor,
        action=Action.SCHEDULE_CHANGED,
        target=Target("pipeline", str(pipeline.pk), pipeline.name),
        detail={"schedule": pipeline.schedule, "paused": paused, "owner": owner.get_username()},
    )
    return pipeline


def start_due(now: datetime) -> list[PipelineRun]:
    """Starts what is due, each as its owner. What could not start says why on its page."""
    due = Pipeline.objects.filter(paused=False, next_run_at__lte=now).exclude(schedule="")
    return [run for pipeline in due.select_related("owner") if (run := _start_due(pipeline, now))]


def _start_due(pipeline: Pipeline, now: datetime) -> PipelineRun | None:
    """Moments that were missed (nothing was up) collapse into one run."""
    try:
        following = next_after(pipeline.schedule, now)
    except BadSchedule as error:
        following, note = None, str(error)
        Pipeline.objects.filter(pk=pipeline.pk).update(next_run_at=None, schedule_note=note)
        return None
    mine = Pipeline.objects.filter(pk=pipeline.pk, next_run_at=pipeline.next_run_at)
    if not mine.update(next_run_at=following, schedule_note=""):
        return None  # another scheduler was quicker
    owner = pipeline.owner
    if owner is None or not owner.is_active or not owner.has_perm("pipelines.run_pipeline"):
        _note(pipeline, "Not started: its owner may not run pipelines any more. Somebody who may must take it over.")
        return None
    try:
        return start(actor=Actor.of(owner), pipeline=pipeline, started_by=owner, trigger="schedule")
    except (holds.PipelineBusy, UnknownPipeline) as error:
        _note(pipeline, f"Skipped at {now:%Y-%m-%d %H:%M} UTC: {error}")
        return None


def _note(pipeline: Pipeline, text: str) -> None:
    Pipeline.objects.filter(pk=pipeline.pk).update(schedule_note=text[:300])
