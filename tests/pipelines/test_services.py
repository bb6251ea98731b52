import io
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from apps.pipelines import holds, services
from apps.pipelines.models import Pipeline, PipelineRun
from portal.accounts.models import User
from portal.audit.models import Event
from portal.runs.models import Run
from portal.runs.services import resume_run
from portal.runs.types import StepWaits
from tests.people import HOUSE
from tests.pipelines import builders, driver, tiny

pytestmark = pytest.mark.django_db


def test_a_second_run_is_refused_and_says_which_one_holds_it() -> None:
    holder = builders.started()
    with pytest.raises(holds.PipelineBusy) as refused:
        builders.started()
    assert refused.value.holder == holder.run_id
    assert Run.objects.count() == 1


def test_the_database_itself_lets_only_one_run_hold_a_pipeline() -> None:
    from django.db import IntegrityError

    holder = builders.started()
    other = Run.objects.create(kind="pipeline", name="x", title="x", trigger="manual", actor_name="x")
    with pytest.raises(IntegrityError, match="one_run_holds_a_pipeline"):
        PipelineRun.objects.create(pipeline=holder.pipeline, run=other)


def test_a_run_that_ended_gives_up_its_hold() -> None:
    first = builders.ended("failed")
    second = builders.started()
    first.refresh_from_db()
    assert first.released_at is not None
    assert second.released_at is None


def test_a_resumed_run_takes_the_hold_again_or_waits_for_it() -> None:
    first = builders.ended("failed")
    second = builders.started()
    resume_run(actor=HOUSE, run=first.run)
    with pytest.raises(StepWaits, match=f"held by run {second.run_id}"):
        holds.keep(first.run_id)
    Run.objects.filter(pk=second.run_id).update(state="done")
    assert holds.keep(first.run_id).released_at is None


def test_the_plan_has_a_pair_per_dataset_then_builds_checks_and_tells() -> None:
    keys = list(builders.started().run.steps.values_list("key", flat=True))
    assert keys[:2] == ["extract:oltp.merchants", "load:oltp.merchants"]
    assert keys[-3:] == ["build:0", "check", "publish"]


def test_whoever_sets_the_schedule_owns_it_and_it_is_on_the_trail(steward: User) -> None:
    pipeline = services.set_schedule(
        actor=HOUSE, pipeline=builders.pipeline(), owner=steward, schedule="every 15 minutes", paused=False
    )
    assert pipeline.owner == steward
    assert pipeline.next_run_at > timezone.now() + timedelta(minutes=14)
    assert Event.objects.filter(action="pipelines.schedule_changed").count() == 1


def due(owner: User | None, **fields: object) -> Pipeline:
    Pipeline.objects.filter(pk=builders.pipeline().pk).update(
        owner=owner, schedule="every 15 minutes", next_run_at=timezone.now() - timedelta(hours=3), **fields
    )
    return builders.pipeline()


def test_a_due_run_starts_once_as_its_owner(steward: User) -> None:
    due(steward)
    (run,) = services.start_due(timezone.now())
    assert (run.run.started_by, run.run.trigger) == (steward, "schedule")
    assert services.start_due(timezone.now()) == []
    assert builders.pipeline().next_run_at > timezone.now()


def test_a_paused_pipeline_does_not_start(steward: User) -> None:
    due(steward, paused=True)
    assert services.start_due(timezone.now()) == []


def test_an_owner_who_may_no_longer_run_it_starts_nothing_and_the_page_says_so(outsider: User) -> None:
    due(outsider)
    assert services.start_due(timezone.now()) == []
    assert "may not run pipelines" in builders.pipeline().schedule_note


def test_a_due_run_is_skipped_while_another_is_going(steward: User) -> None:
    holder = builders.started()
    due(steward)
    assert services.start_due(timezone.now()) == []
    assert f"run {holder.run_id} holds it" in builders.pipeline().schedule_note


def test_a_start_follows_the_run_that_an_earlier_one_left(settings) -> None:  # type: ignore[no-untyped-def]
    """`make up` that was stopped in the middle of the first run leaves it to the next one."""
    settings.PIPELINES = {**settings.PIPELINES, **tiny.PIPELINES}
    first = driver.start("tiny_loads")
    with pytest.raises(CommandError, match=f"run {first.run_id} holds it") as refused:
        call_command("run_pipeline", "tiny_loads", "--no-wait")
    assert refused.value.returncode == 3
    said = io.StringIO()
    call_command("run_pipeline", "tiny_loads", "--join", "--no-wait", stdout=said)
    assert said.getvalue() == f"Run {first.run_id} of tiny_loads is under way.\n"
    assert PipelineRun.objects.count() == 1
