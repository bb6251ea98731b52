"""Heartbeats of workers and the scheduler."""

from datetime import timedelta

from django.conf import settings
from django.db.models.functions import Now

from portal.runs.models import Heartbeat

BEAT_SECONDS = 5.0
SILENT_SECONDS = 20


def beat(kind: str, name: str) -> None:
    """Writes that a worker or scheduler lives. `started_at` is when this name was first heard."""
    now = {"version": settings.VERSION, "at": Now()}
    if not Heartbeat.objects.filter(kind=kind, name=name).update(**now):
        Heartbeat.objects.bulk_create([Heartbeat(kind=kind, name=name, started_at=Now(), **now)], ignore_conflicts=True)


def forget(kind: str, name: str) -> None:
    Heartbeat.objects.filter(kind=kind, name=name).delete()


def forget_the_dead() -> None:
    Heartbeat.objects.filter(at__lt=Now() - timedelta(days=1)).delete()
