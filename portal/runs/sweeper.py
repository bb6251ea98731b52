"""Looks every few seconds for what nobody else will notice. Each finding is settled under its own run's lock, so two
sweepers, or a sweeper and a worker, cannot both act on it."""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from portal.runs.dispatch import send
from portal.runs.flows import ACTIVE, QUEUED, RUNNING, WAITING
from portal.runs.health import forget_the_dead
from portal.runs.lifecycle import advance, lock_run
from portal.runs.models import Attempt, LogLine, Pool, Run, Step
from portal.runs.pools import fill, wake
from portal.runs.settle import take_over
from portal.runs.types import State, Wait

RESEND_SECONDS = 10
RESEND_CAP_SECONDS = 300


def sweep() -> None:
    take_from_the_dead()
    wake_the_due()
    fill_pools()
    send_again()
    follow_the_stuck()
    forget_the_dead()


def take_from_the_dead() -> int:
    silent = Attempt.objects.filter(state=State.RUNNING, lease_until__lt=Now()).select_related("step")
    return sum(take_over(attempt) for attempt in silent)


def wake_the_due() -> None:
    due = Step.objects.filter(state=WAITING, not_before__lte=Now()).order_by("not_before")
    for step_id, run_id in list(due.values_list("id", "run_id")):
        wake(run_id, step_id, Wait.RETRY, Wait.STEP, Wait.STORE)


def fill_pools() -> None:
    waiting = Step.objects.filter(state=WAITING, wait=Wait.POOL).values_list("pool", flat=True).distinct()
    for name in list(waiting):
        held = Step.objects.filter(pool=name, state=RUNNING).count()
        if held < Pool.objects.get(name=name).size:
            fill(name)


def send_again() -> None:
    """A step that stays queued may have lost its message. Ever more rarely, because it may just be waiting its turn."""
    now = timezone.now()
    oldest = Step.objects.filter(state=QUEUED, sent_at__lt=now - timedelta(seconds=RESEND_SECONDS))
    for step in list(oldest.order_by("sent_at")[:100]):
        pause = min(RESEND_SECONDS * 2 ** min(step.sent_count - 1, 10), RESEND_CAP_SECONDS)
        if step.sent_at is None or step.sent_at + timedelta(seconds=pause) < now:
            Step.objects.filter(pk=step.pk, state=QUEUED).update(sent_at=now, sent_count=F("sent_count") + 1)
            send([(step.pk, step.queue)])


def follow_the_stuck() -> None:
    """An active run without an active step cannot be; should it be, its state is worked out again."""
    active = Step.objects.filter(state__in=ACTIVE).values("run_id")
    for run_id in list(Run.objects.filter(state__in=ACTIVE).exclude(pk__in=active).values_list("pk", flat=True)):
        with transaction.atomic():
            advance(lock_run(run_id))


def prune() -> int:
    """Deletes the log lines of runs that ended `settings.RUN_LOG_DAYS` ago; what happened stays in the trail."""
    before = timezone.now() - timedelta(days=settings.RUN_LOG_DAYS)
    gone, _ = LogLine.objects.filter(run__in=Run.objects.filter(finished_at__lt=before)).delete()
    return gone
