"""Who is let in when a place in a pool, or in a worker, gets free."""

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from portal.runs.dispatch import send
from portal.runs.flows import QUEUED, RUNNING, WAITING
from portal.runs.lifecycle import advance, lock_run, lock_step, queue_step
from portal.runs.models import Pool, Step
from portal.runs.types import Wait


def sync_pools(using: str = "default") -> None:
    """Makes the rows what `settings.RUN_POOLS` says. A pool that is no longer named keeps its row: runs name it."""
    Pool.objects.using(using).bulk_create(
        [Pool(name=name, size=size) for name, size in settings.RUN_POOLS.items()],
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=["size"],
    )


def fill_after_commit(pool: str) -> None:
    if pool:
        transaction.on_commit(lambda: fill(pool))


def fill(pool: str) -> None:
    """Queues the steps that waited longest, as many as have room. One too many only waits again: `claim` counts."""
    size = Pool.objects.values_list("size", flat=True).get(name=pool)
    taken = Step.objects.filter(pool=pool, state__in=[RUNNING, QUEUED]).count()
    waiting = Step.objects.filter(pool=pool, state=WAITING, wait=Wait.POOL).order_by("waiting_since", "id")
    # `taken` counts queued steps that no worker may come to get; one is let through all the same.
    for step_id, run_id in list(waiting.values_list("id", "run_id")[: max(size - taken, 1)]):
        wake(run_id, step_id, Wait.POOL)


@transaction.atomic
def wake(run_id: int, step_id: int, *waits: Wait) -> bool:
    """Queues a step that waits for one of `waits`; False when it no longer does."""
    run, step = lock_run(run_id), lock_step(step_id)
    if step.state != WAITING or step.wait not in waits:
        return False
    queue_step(step)
    advance(run)
    return True


def hand_on(queue: str) -> None:
    """A worker has a free place again: sends the oldest queued steps of the queue, whose messages were handed back."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM runs_step WHERE state = %s AND queue = %s ORDER BY sent_at, id LIMIT 1",
                       [QUEUED, queue])  # fmt: skip
        found = [row[0] for row in cursor.fetchall()]
    Step.objects.filter(pk__in=found).update(sent_at=timezone.now(), sent_count=F("sent_count") + 1)
    send([(step_id, queue) for step_id in found])
