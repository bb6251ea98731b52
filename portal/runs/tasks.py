"""What Celery calls. Messages carry ids only."""

from celery import shared_task

from portal.runs import executor, sweeper


@shared_task(name="portal.runs.tasks.run_step")
def run_step(step_id: int) -> None:
    executor.work(step_id)


@shared_task(name="portal.runs.tasks.sweep")
def sweep() -> None:
    sweeper.sweep()


@shared_task(name="portal.runs.tasks.prune")
def prune() -> None:
    sweeper.prune()
