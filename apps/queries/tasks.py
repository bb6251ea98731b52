"""What the scheduler calls."""

from celery import shared_task

from apps.queries import services, warm

warm.connect()  # workers read this module before they are ready


@shared_task(name="apps.queries.tasks.forget_old_results")
def forget_old_results() -> None:
    services.forget_old_results()
