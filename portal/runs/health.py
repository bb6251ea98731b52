"""Heartbeats of workers and the scheduler."""

from datetime import timedelta

from django.conf import settings
from django.db.models import QuerySet
from django.db.models.functions import Now

from portal.runs.models import Heartbeat
from portal.stores.types import Health

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


def live(kind: str) -> QuerySet[Heartbeat]:
    return Heartbeat.objects.filter(kind=kind, at__gt=Now() - timedelta(seconds=SILENT_SECONDS)).order_by("name")


def worker_health() -> Health:
    return _health("worker", "Long work waits until one is started.")


def scheduler_health() -> Health:
    return _health("scheduler", "Schedules, retries and dead workers go unnoticed until it is started.")


def _health(kind: str, consequence: str) -> Health:
    """As for a store: whether one lives, which version, and since when not."""
    alive = list(live(kind))
    if alive:
        names = f"{len(alive)} {kind}{'s' if len(alive) > 1 else ''}"
        return Health(ok=True, version=", ".join(sorted({row.version for row in alive})), detail=names)
    last = Heartbeat.objects.filter(kind=kind).order_by("-at").first()
    since = f"silent since {last.at:%Y-%m-%d %H:%M:%S} UTC" if last else "never seen"
    return Health(ok=False, version=last.version if last else "", detail=f"No {kind}: {since}. {consequence}")
