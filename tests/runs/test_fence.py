"""What a step writes behind its fence must not wait for its run, nor its run for it."""

import threading

from django.db import connection, transaction

from portal.runs.claims import claim
from portal.runs.models import Run
from portal.runs.settle import fence
from tests.runs.plans import start, step


def test_the_fence_locks_the_step_and_not_its_run(live_db: None) -> None:
    """Outcomes lock the run, then the step. A fence that took the run, too, and after the step, would be a deadlock."""
    run = start(step("a", "child"))
    claimed = claim(run.steps.get().pk, worker="test")
    assert claimed is not None
    locked: list[int] = []

    def lock_the_run() -> None:
        with transaction.atomic():
            locked.extend(
                Run.objects.select_for_update(no_key=True, nowait=True).filter(pk=run.pk).values_list("pk", flat=True)
            )
        connection.close()

    with fence(claimed.step_id, claimed.attempt):
        other = threading.Thread(target=lock_the_run)
        other.start()
        other.join()
    assert locked == [run.pk]
