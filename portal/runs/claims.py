"""Who works on a step: claimed under a lease, renewed while the worker lives, taken away when it is silent."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils import timezone

from portal.audit.types import Actor
from portal.runs.dispatch import from_now
from portal.runs.flows import QUEUED, RUNNING, STEP
from portal.runs.lifecycle import advance, hold_step, lock_run, lock_step, why_outside
from portal.runs.models import Attempt, Step
from portal.runs.types import Wait
from portal.workflow import move


@dataclass(frozen=True)
class Claim:
    """What an attempt may know without asking again. `attempt` is its number: the fence of everything it writes."""

    attempt_id: int
    run_id: int
    step_id: int
    attempt: int
    step_key: str
    kind: str
    params: Mapping[str, Any]
    inputs: Mapping[str, Mapping[str, Any]]
    actor_id: int | None
    timeout_s: int
    queue: str


@transaction.atomic
def claim(step_id: int, *, worker: str) -> Claim | None:
    """The step as this worker's, or None: claimed already, ended, cancelled, or its pool is full (then it waits)."""
    known = Step.objects.filter(pk=step_id, state=QUEUED).values_list("run_id", flat=True).first()
    if known is None:
        return None
    run, step = lock_run(known), lock_step(step_id)
    if step.state != QUEUED or run.cancel_requested_at is not None:
        return None
    if step.pool and (why := why_outside(step, run.started_by_id)):
        hold_step(step, Wait.POOL, why)
        advance(run)
        return None
    number = step.attempt + 1
    move(
        STEP, step, RUNNING, actor=Actor.system(worker), detail={"attempt": number}, where={"attempt": step.attempt},
        attempt=number, reason="", waiting_since=None, finished_at=None, started_at=step.started_at or timezone.now(),
    )  # fmt: skip
    attempt = Attempt.objects.create(
        step=step, number=number, worker=worker, started_at=Now(), lease_until=from_now(settings.RUN_LEASE_SECONDS)
    )
    advance(run)
    before = run.steps.filter(key__in=step.after).values_list("key", "output")
    return Claim(
        attempt_id=attempt.pk, run_id=run.pk, step_id=step.pk, attempt=number, step_key=step.key, kind=step.kind,
        params=step.params, inputs=dict(before), actor_id=run.started_by_id, timeout_s=step.timeout_s,
        queue=step.queue,
    )  # fmt: skip


_RENEW = """
    UPDATE runs_attempt a SET lease_until = now() + make_interval(secs => %s)
    FROM runs_step s JOIN runs_run r ON r.id = s.run_id
    WHERE a.step_id = s.id AND s.attempt = a.number AND a.state = 'running' AND a.id = ANY(%s)
    RETURNING a.id, r.cancel_requested_at IS NOT NULL
"""
_LOOK = """
    SELECT a.id, r.cancel_requested_at IS NOT NULL
    FROM runs_attempt a JOIN runs_step s ON a.step_id = s.id AND s.attempt = a.number JOIN runs_run r ON r.id = s.run_id
    WHERE a.state = 'running' AND a.id = ANY(%s)
"""


def renew(attempts: Collection[int]) -> dict[int, bool]:
    """Renews the leases that are still ours. Of those, by attempt: did somebody ask to cancel the run?"""
    return _ask(_RENEW, [settings.RUN_LEASE_SECONDS, list(attempts)])


def look(attempts: Collection[int]) -> dict[int, bool]:
    """The same answer without renewing."""
    return _ask(_LOOK, [list(attempts)])


def _ask(sql: str, params: list[Any]) -> dict[int, bool]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return dict(cursor.fetchall())
