"""What a step waits for, in the words of the person who asks: a run they may not see is "another run"."""

from collections.abc import Iterable
from datetime import timedelta

from django.utils import timezone

from portal.runs.flows import QUEUED, RUNNING, WAITING
from portal.runs.health import live
from portal.runs.models import Run, Step
from portal.runs.selectors import Someone, runs_for
from portal.runs.types import Wait

PATIENCE = timedelta(seconds=3)


def reasons(person: Someone, steps: Iterable[Step]) -> dict[int, str]:
    """By the step's id; two queries at most, however many steps there are."""
    listed = list(steps)
    pools = {step.pool for step in listed if step.wait == Wait.POOL}
    held = holders(person, pools) if pools else {}
    stuck = [step for step in listed if _unclaimed(step)]
    alone = bool(stuck) and not live("worker").exists()
    return {step.pk: _reason(step, held, alone=alone) for step in listed}


def reason_of(person: Someone, run: Run) -> str:
    """Why the run is in its state, for lists and headings."""
    if run.state not in (WAITING, QUEUED):
        return run.reason
    steps = list(run.steps.order_by("position"))
    told = reasons(person, steps)
    first = next((step for step in steps if step.state in (QUEUED, WAITING) and step.wait != Wait.DEPENDENCY), None)
    return f"{first.title}: {told[first.pk]}" if first and told[first.pk] else run.reason


def holders(person: Someone, pools: Iterable[str]) -> dict[str, str]:
    """`run 812 and another run`, by pool."""
    running = Step.objects.filter(pool__in=list(pools), state=RUNNING).order_by("run_id")
    pairs = list(running.values_list("pool", "run_id").distinct())
    seen = set(runs_for(person).filter(pk__in={run for _, run in pairs}).values_list("pk", flat=True))
    found: dict[str, list[str]] = {}
    for pool, run in pairs:
        found.setdefault(pool, []).append(f"run {run}" if run in seen else "another run")
    return {pool: _join(names) for pool, names in found.items()}


def _join(names: list[str]) -> str:
    known = [name for name in names if name != "another run"]
    others = len(names) - len(known)
    words = known + ([] if not others else ["another run" if others == 1 else f"{others} other runs"])
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _unclaimed(step: Step) -> bool:
    return step.state == QUEUED and step.sent_at is not None and timezone.now() - step.sent_at > PATIENCE


def _reason(step: Step, held: dict[str, str], *, alone: bool) -> str:
    if step.wait == Wait.POOL:
        by = held.get(step.pool)
        return f"waits for pool {step.pool}, " + (f"held by {by}" if by else "which just got free")
    if step.not_before is not None and step.state == WAITING:
        again = f"{step.reason}; again at {step.not_before:%H:%M:%S} UTC"
        return again + (f" (try {step.tries + 1} of {step.max_attempts})" if step.wait == Wait.RETRY else "")
    if _unclaimed(step):
        return "no worker is running" if alone else "waits for a free worker"
    return step.reason
