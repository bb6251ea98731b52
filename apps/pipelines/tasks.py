"""What Celery calls."""

from celery import shared_task
from django.utils import timezone

from apps.pipelines import services


@shared_task(name="apps.pipelines.tasks.start_due")
def start_due() -> None:
    services.start_due(timezone.now())
