"""What the scheduler calls."""

from celery import shared_task
from django.utils import timezone

from apps.queries import services, warm
from apps.queries.library import checks, notices
from apps.queries.look_ups.services import forget_tokens
from apps.queries.schedules import services as schedules

warm.connect()  # workers read this module before they are ready


@shared_task(name="apps.queries.tasks.forget_old_results")
def forget_old_results() -> None:
    services.forget_old_results()
    forget_tokens()
    schedules.forget_old_notices()


@shared_task(name="apps.queries.tasks.run_schedules")
def run_schedules() -> None:
    schedules.start_due(timezone.now())
    schedules.deliver()


@shared_task(name="apps.queries.tasks.recheck_library")
def recheck_library() -> None:
    """After a change of rules or of the catalog, what was approved is held against its contract."""
    checks.recheck()
    notices.forget_old()
