"""Starting, cancelling, resuming and awaiting runs."""

import time
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from portal.accounts.models import User
from portal.audit.actions import Action
from portal.audit.services import record
from portal.audit.types import Actor, Target
from portal.runs.dispatch import send_after_commit
from portal.runs.flows import ACTIVE, CANCELLED, DONE, FAILED, QUEUED, RUN, SKIPPED, STEP, WAITING
from portal.runs.lifecycle import advance, hold_step, lock_run, queue_step
from portal.runs.models import Pool, Run, Step
from portal.runs.types import RunPlan, State, StepPlan, Wait
from portal.workflow import StaleState, move


class BadPlan(ValueError):
    """The plan cannot be run as it is; nothing was started."""


@transaction.atomic
def start_run(*, actor: Actor, plan: RunPlan, started_by: User | None = None) -> Run:
    """Writes the run with its steps and sends the first ones to the workers after commit. Raises BadPlan."""
    _check(plan)
    run = Run.objects.create(
        kind=plan.kind, name=plan.name, title=plan.title, subject_kind=plan.subject_kind, subject_id=plan.subject_id,
        permission=plan.permission, control=plan.control, trigger=plan.trigger, started_by=started_by,
        actor_name=actor.name, interactive=all(step.queue == "queries" for step in plan.steps),
    )  # fmt: skip
    titles = {step.key: step.title for step in plan.steps}
    steps = Step.objects.bulk_create([_step(run, position, step, titles) for position, step in enumerate(plan.steps)])
    record(
        actor=actor,
        action=Action.RUN_STARTED,
        target=Target("run", str(run.pk), str(run)),
        detail={"kind": run.kind, "name": run.name, "trigger": run.trigger, "steps": [s.key for s in steps]},
    )
    send_after_commit([step for step in steps if step.state == QUEUED])
    return run


def _check(plan: RunPlan) -> None:
    if not plan.steps:
        raise BadPlan("A run needs a step.")
    seen: set[str] = set()
    for step in plan.steps:
        if step.kind not in settings.STEP_KINDS:
            raise BadPlan(f"{step.key}: no step kind is called {step.kind}.")
        if step.key in seen or not seen.issuperset(step.after):
            raise BadPlan(f"{step.key}: keys are unique, and `after` names earlier steps.")
        if step.queue not in settings.RUN_SLOTS:
            raise BadPlan(f"{step.key}: no queue is called {step.queue}.")
        seen.add(step.key)
    pools = {step.pool for step in plan.steps if step.pool}
    if missing := pools - set(Pool.objects.filter(name__in=pools).values_list("name", flat=True)):
        raise BadPlan(f"No pool is called {', '.join(sorted(missing))}: name it in RUN_POOLS and migrate.")


def _step(run: Run, position: int, plan: StepPlan, titles: dict[str, str]) -> Step:
    first = not plan.after
    return Step(
        run=run, position=position, key=plan.key, kind=plan.kind, title=plan.title, params=dict(plan.params),
        after=list(plan.after), pool=plan.pool, queue=plan.queue, max_attempts=plan.max_attempts,
        timeout_s=plan.timeout_s, state=QUEUED if first else WAITING, wait="" if first else Wait.DEPENDENCY,
        reason="" if first else after(plan.after, titles),
        sent_at=timezone.now() if first else None, sent_count=1 if first else 0,
    )  # fmt: skip


def after(keys: tuple[str, ...] | list[str], titles: dict[str, str]) -> str:
    return "starts after " + ", ".join(titles[key] for key in keys)


@transaction.atomic
def cancel_run(*, actor: Actor, run: Run) -> Run:
    """Cancels at once what has not started; running steps are told within about a second. StaleState if it ended."""
    run = lock_run(run.pk)
    if run.state not in ACTIVE:
        raise StaleState(f"{run} has ended: {run.state}.")
    if run.cancel_requested_at is None:
        run.cancel_requested_at, run.cancelled_by = timezone.now(), actor.name
        run.save(update_fields=["cancel_requested_at", "cancelled_by"])
        record(
            actor=actor,
            action=Action.RUN_CANCEL_ASKED,
            target=Target("run", str(run.pk), str(run)),
        )
    for step in run.steps.select_for_update(no_key=True).filter(state__in=[QUEUED, WAITING]):
        move(
            STEP, step, CANCELLED, actor=actor, wait="", not_before=None,
            reason=f"cancelled by {actor.name}", finished_at=timezone.now(),
        )  # fmt: skip
    advance(run, actor=actor)
    return run


@transaction.atomic
def resume_run(*, actor: Actor, run: Run) -> Run:
    """Runs again what failed, was cancelled or skipped; steps that are done stay done. Raises StaleState if it has
    not ended, ForbiddenMove if everything is done."""
    run = lock_run(run.pk)
    if run.state in ACTIVE:
        raise StaleState(f"{run} has not ended: {run.state}.")
    move(
        RUN, run, QUEUED, actor=actor,
        reason="", cancel_requested_at=None, cancelled_by="", finished_at=None,
    )  # fmt: skip
    steps = {step.key: step for step in run.steps.select_for_update(no_key=True).order_by("position")}
    titles = {key: step.title for key, step in steps.items()}
    fresh: dict[str, Any] = {"tries": 0, "finished_at": None, "store_down_since": None}
    for step in steps.values():
        if step.state not in (FAILED, CANCELLED, SKIPPED):
            continue
        step.waiting_since = None
        if all(steps[key].state == DONE for key in step.after):
            queue_step(step, actor=actor, **fresh)
        else:
            hold_step(step, Wait.DEPENDENCY, after(step.after, titles), actor=actor, **fresh)
    advance(run, actor=actor)
    return run


def wait_for(run: Run, timeout_s: float) -> State:
    """The run's state once it has ended, or the one it has after `timeout_s`. Not inside a transaction."""
    until, pause = time.monotonic() + timeout_s, 0.02
    while True:
        state = State(Run.objects.values_list("state", flat=True).get(pk=run.pk))
        if state not in ACTIVE or time.monotonic() >= until:
            return state
        time.sleep(min(pause, max(until - time.monotonic(), 0)))
        pause = min(pause * 1.3, 0.25)
