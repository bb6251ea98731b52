"""How a run moves on. Everything here runs under the run's row lock; locks are taken run, step, pool, in that order.

The locks are NO KEY UPDATE: a receipt or a log line with a foreign key to the run or step never waits for them.
"""

from typing import Any

from django.conf import settings
from django.utils import timezone

from portal.audit.types import Actor
from portal.notices.services import notify, resolve
from portal.runs.dispatch import announce, from_now, send_after_commit
from portal.runs.flows import ACTIVE, CANCELLED, DONE, FAILED, QUEUED, RUN, RUNNING, SKIPPED, STEP, WAITING
from portal.runs.models import Pool, Run, Step
from portal.runs.sentences import ending
from portal.runs.types import State, Wait
from portal.workflow import move

PORTAL = Actor.system("runs")


def lock_run(run_id: int) -> Run:
    return Run.objects.select_for_update(no_key=True).get(pk=run_id)


def lock_step(step_id: int) -> Step:
    return Step.objects.select_for_update(no_key=True).get(pk=step_id)


def queue_step(step: Step, *, actor: Actor = PORTAL, reason: str = "", **changes: Any) -> None:
    """Ready to be claimed; its message goes out after commit."""
    move(
        STEP, step, QUEUED, actor=actor,
        wait="", reason=reason, not_before=None, sent_at=timezone.now(), sent_count=1, **changes,
    )  # fmt: skip
    send_after_commit([step])


def hold_step(
    step: Step, wait: Wait, reason: str, *, after_s: float | None = None, actor: Actor = PORTAL, **changes: Any
) -> None:
    """Waits, and says what for; the sweeper queues it again once `after_s` is over."""
    move(
        STEP, step, WAITING, actor=actor, detail={"wait": str(wait)},
        wait=str(wait), reason=reason, waiting_since=step.waiting_since or timezone.now(),
        not_before=None if after_s is None else from_now(after_s), **changes,
    )  # fmt: skip


def room_in(pool: str) -> int:
    """Free places, counted under the pool's lock: two claims cannot both take the last one."""
    size = Pool.objects.select_for_update(no_key=True).values_list("size", flat=True).get(name=pool)
    return size - Step.objects.filter(pool=pool, state=RUNNING).count()


def why_outside(step: Step, person: int | None) -> str:
    """Why the step's pool does not let it in; empty when it does. Counted under the pool's lock."""
    if room_in(step.pool) < 1:
        return f"waits for pool {step.pool}"
    share = settings.RUN_SHARES.get(step.pool, 0)
    mine = Step.objects.filter(pool=step.pool, state=RUNNING, run__started_by=person).count() if share and person else 0
    return f"waits for pool {step.pool}, of which {mine} places are yours already" if share and mine >= share else ""


def advance(run: Run, *, actor: Actor = PORTAL) -> None:
    """Queues or skips what depended on steps that ended, then gives the run the state that follows from its steps."""
    steps = list(run.steps.order_by("position"))
    by_key = {step.key: step for step in steps}
    for step in steps:
        if step.state == WAITING and step.wait == Wait.DEPENDENCY:
            _follow(step, [by_key[key] for key in step.after], run, actor)
    _follow_run(run, steps, actor)
    announce(run.pk)


def _follow(step: Step, before: list[Step], run: Run, actor: Actor) -> None:
    broken = next((other for other in before if other.state in (FAILED, CANCELLED, SKIPPED)), None)
    if broken is not None:
        reason = f"{broken.title} {'was ' if broken.state != FAILED else ''}{broken.state}"
        move(STEP, step, SKIPPED, actor=actor, wait="", reason=reason, finished_at=timezone.now())
    elif all(other.state == DONE for other in before):
        queue_step(step, actor=actor)


def _follow_run(run: Run, steps: list[Step], actor: Actor) -> None:
    target, reason = _follows(run, steps)
    if target == run.state:
        if reason != run.reason:
            Run.objects.filter(pk=run.pk).update(reason=reason)
        return
    changes: dict[str, Any] = {"reason": reason}
    if target == RUNNING and run.started_at is None:
        changes["started_at"] = timezone.now()
    if target not in ACTIVE:
        changes["finished_at"] = timezone.now()
    move(RUN, run, target, actor=actor, **changes)
    if target not in ACTIVE:
        _tell(run)


def _follows(run: Run, steps: list[Step]) -> tuple[State, str]:
    """The state, and its reason, that a run has because of its steps'."""
    states = {step.state for step in steps}
    if RUNNING in states or (QUEUED in states and run.state != QUEUED):
        return RUNNING, ""
    if QUEUED in states:
        return QUEUED, ""
    if WAITING in states:
        return WAITING, _waits_for(steps)
    target = next((state for state in (FAILED, CANCELLED) if state in states), DONE)
    return target, ending(run, steps)


def _waits_for(steps: list[Step]) -> str:
    held = [step for step in steps if step.state == WAITING]
    first = next((step for step in held if step.wait != Wait.DEPENDENCY), held[0])
    return f"{first.title}: {first.reason}"


def _tell(run: Run) -> None:
    """A failed run needs whoever started it, unless that person sits in front of it."""
    if run.state == FAILED and run.started_by_id and not run.interactive:
        notify(
            kind="run_failed", subject_kind="run", subject_id=str(run.pk), title=f"{run.title}: {run.reason}",
            url=run.get_absolute_url(), users=[run.started_by_id],
        )  # fmt: skip
    else:
        resolve(kind="run_failed", subject_kind="run", subject_id=str(run.pk))
