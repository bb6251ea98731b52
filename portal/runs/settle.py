"""Writes down how an attempt ended, if it still owns its step."""

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils import timezone

from portal.audit.actions import Action
from portal.audit.services import record
from portal.audit.types import Target
from portal.runs.claims import Claim
from portal.runs.flows import CANCELLED, DONE, FAILED, RUNNING, STEP
from portal.runs.lifecycle import PORTAL, advance, hold_step, lock_run, queue_step
from portal.runs.models import Attempt, Run, Step
from portal.runs.pools import fill_after_commit
from portal.runs.types import LeaseLost, State, Wait
from portal.runs.verdicts import End, Verdict
from portal.workflow import move

OUTPUT_LIMIT = 64 * 1024


@contextmanager
def fence(step_id: int, attempt: int) -> Iterator[Step]:
    """A transaction in which this attempt owns the step: the row is locked and its number compared."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            # A worker that freezes in here must not keep its successor out for longer than a lease.
            cursor.execute("SELECT set_config('idle_in_transaction_session_timeout', %s, true)",
                           [str(settings.RUN_LEASE_SECONDS * 1000)])  # fmt: skip
        # `of` and the order: the default one joins the run, whose row would be locked, too, and after the step's.
        owned = Step.objects.select_for_update(no_key=True, of=("self",)).order_by("pk")
        step = owned.filter(pk=step_id, attempt=attempt, state=RUNNING).first()
        if step is None:
            raise LeaseLost(f"attempt {attempt} of step {step_id} no longer owns it")
        yield step


def settle(claim: Claim, verdict: Verdict) -> None:
    """Raises LeaseLost, and writes that down, when another attempt owns the step by now."""
    if verdict.end is End.LOST:
        return note_loss(claim)
    try:
        with transaction.atomic():
            run = lock_run(claim.run_id)
            with fence(claim.step_id, claim.attempt) as step:
                _close(claim.step_id, claim.attempt, verdict)
                _write(run, step, verdict)
                fill_after_commit(step.pool)
                advance(run)
    except LeaseLost:
        note_loss(claim)
        raise
    return None


@transaction.atomic
def note_loss(claim: Claim) -> None:
    """An outcome came from an attempt that no longer owns its step, and was refused."""
    _record_loss(claim.run_id, claim.step_id, claim.step_key, claim.attempt, "its outcome was refused")


def _record_loss(run_id: int, step_id: int, key: str, attempt: int, what: str) -> None:
    record(
        actor=PORTAL,
        action=Action.LEASE_LOST,
        target=Target("step", str(step_id), key),
        detail={"run": run_id, "attempt": attempt, "what": what},
    )


def _close(step_id: int, number: int, verdict: Verdict) -> None:
    ends = {End.DONE: State.DONE, End.CANCELLED: State.CANCELLED}
    open_ = Attempt.objects.filter(step_id=step_id, number=number, state=State.RUNNING)
    if not open_.update(state=ends.get(verdict.end, State.FAILED), error=verdict.reason, finished_at=Now()):
        raise LeaseLost(f"attempt {number} of step {step_id} was closed")


def _write(run: Run, step: Step, verdict: Verdict) -> None:
    if run.cancel_requested_at is not None and verdict.end is not End.DONE:
        verdict = Verdict(End.CANCELLED, verdict.reason)
    {
        End.DONE: _done,
        End.FAILED: _failed,
        End.WAITS: _waits,
        End.CANCELLED: _cancelled,
        End.GIVEN_BACK: _given_back,
    }[verdict.end](step, verdict)


def _done(step: Step, verdict: Verdict) -> None:
    outcome = verdict.outcome
    output = dict(outcome.output)
    if len(json.dumps(output)) > OUTPUT_LIMIT:
        return _failed(step, Verdict(End.FAILED, f"its output is larger than {OUTPUT_LIMIT} bytes of JSON"))
    move(
        STEP, step, DONE, actor=PORTAL, detail={"attempt": step.attempt, "counts": dict(outcome.counts)},
        summary=outcome.summary, counts=dict(outcome.counts), output=output,
        reason="", store_down_since=None, finished_at=timezone.now(),
    )  # fmt: skip
    return None


def _failed(step: Step, verdict: Verdict) -> None:
    tries = step.tries + 1
    if verdict.retryable and tries < step.max_attempts:
        reason = f"attempt {step.attempt} failed: {verdict.reason}"
        hold_step(step, Wait.RETRY, reason, after_s=back_off(tries), tries=tries, store_down_since=None)
        return
    move(
        STEP, step, FAILED, actor=PORTAL, detail={"attempt": step.attempt, "reason": verdict.reason},
        reason=verdict.reason, tries=tries, store_down_since=None, finished_at=timezone.now(),
    )  # fmt: skip


def _waits(step: Step, verdict: Verdict) -> None:
    if verdict.wait is not Wait.STORE:
        hold_step(step, verdict.wait, verdict.reason, after_s=verdict.after_s, store_down_since=None)
        return
    since, now = step.store_down_since or timezone.now(), timezone.now()
    patient = now - since < timedelta(seconds=settings.RUN_STORE_PATIENCE_SECONDS)
    if step.max_attempts == 1 or not patient:
        _failed(step, verdict)
        return
    # Asked again after about as long as it has been down: exponential, without a counter.
    base = max(settings.RUN_BACKOFF_SECONDS, (now - since).total_seconds())
    delay = min(base, settings.RUN_BACKOFF_CAP_SECONDS) * random.uniform(0.5, 1)  # noqa: S311
    hold_step(step, Wait.STORE, verdict.reason, after_s=delay, store_down_since=since)


def _cancelled(step: Step, verdict: Verdict) -> None:
    move(STEP, step, CANCELLED, actor=PORTAL, reason=verdict.reason, finished_at=timezone.now())


def _given_back(step: Step, verdict: Verdict) -> None:
    queue_step(step, reason=verdict.reason)


def back_off(tries: int) -> float:
    """Capped exponential with full jitter (AWS Architecture Blog, "Exponential Backoff And Jitter")."""
    longest = min(settings.RUN_BACKOFF_CAP_SECONDS, settings.RUN_BACKOFF_SECONDS * 2 ** (tries - 1))
    return random.uniform(0, longest)  # noqa: S311 - spreads load, guards nothing


@transaction.atomic
def take_over(attempt: Attempt) -> bool:
    """Takes the step from a worker whose lease ran out. False when it was renewed or settled meanwhile."""
    run = lock_run(attempt.step.run_id)
    step = (
        Step.objects.select_for_update(no_key=True, skip_locked=True, of=("self",))
        .filter(pk=attempt.step_id, attempt=attempt.number, state=RUNNING)
        .first()
    )
    silent = Attempt.objects.filter(pk=attempt.pk, state=State.RUNNING, lease_until__lt=Now())
    reason = f"worker {attempt.worker} died, or was silent for more than {settings.RUN_LEASE_SECONDS} s"
    if step is None or not silent.update(state=State.FAILED, error=reason, finished_at=Now()):
        return False
    _record_loss(run.pk, step.pk, step.key, attempt.number, "its lease ran out")
    if run.cancel_requested_at is not None:
        _cancelled(step, Verdict(End.CANCELLED, reason))
    elif step.tries + 1 < step.max_attempts:
        queue_step(step, reason=reason, tries=step.tries + 1)
    else:
        _failed(step, Verdict(End.FAILED, reason))
    fill_after_commit(step.pool)
    advance(run)
    return True
