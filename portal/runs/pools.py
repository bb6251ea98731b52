"""Who is let in when a place in a pool, or in a worker, gets free."""

from collections import Counter

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
    """Queues as many waiting steps as have room, each person in turn. One too many only waits again: `claim` counts."""
    size = Pool.objects.values_list("size", flat=True).get(name=pool)
    taken = Step.objects.filter(pool=pool, state__in=[RUNNING, QUEUED]).count()
    # `taken` counts queued steps that no worker may come to get; one is let through all the same.
    for step_id, run_id in next_in(pool)[: max(size - taken, 1)]:
        wake(run_id, step_id, Wait.POOL)


def next_in(pool: str) -> list[tuple[int, int]]:
    """Waiting steps (and their runs) in the order in which they are let in: first those of whoever holds the fewest
    places, each counted as it is given, and of one person those that waited longest. Nobody goes beyond their share."""
    held: Counter[int | None] = Counter(
        Step.objects.filter(pool=pool, state__in=[RUNNING, QUEUED]).values_list("run__started_by", flat=True)
    )
    waiting = Step.objects.filter(pool=pool, state=WAITING, wait=Wait.POOL).order_by("waiting_since", "id")
    turns = []
    for place, (step, run, person) in enumerate(waiting.values_list("id", "run_id", "run__started_by")):
        share = settings.RUN_SHARES.get(pool, 0) if person else 0
        if not share or held[person] < share:
            turns.append((held[person] if person else 0, place, (step, run)))
            held[person] += 1
    return [found for _, _, found in sorted(turns)]


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
