"""What the scheduler calls."""

from celery import shared_task

from apps.catalog.use.services import weigh


@shared_task(name="apps.catalog.tasks.weigh_datasets")
def weigh_datasets() -> None:
    """What is used and fresh stands before what is not, in search."""
    weigh()
