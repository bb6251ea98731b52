"""What is kept of each look at a store, also of one that failed or came too late."""

from collections.abc import Sequence
from datetime import datetime

from django.utils import timezone

from apps.catalog.models import Source, SyncRun
from apps.catalog.sync_changes import Changes
from apps.catalog.types import SyncReport
from portal.audit.types import Actor
from portal.stores.types import DatasetInfo

OVERTAKEN = "Another sync looked later and was written first: there was nothing left to write."


def is_overtaken(source: Source, started: datetime) -> bool:
    return SyncRun.objects.filter(source=source, started_at__gt=started, error="").exists()


def keep(
    source: Source, *, actor: Actor, started: datetime, counts: dict[str, int] | None = None, error: str = ""
) -> SyncRun:
    return SyncRun.objects.create(
        source=source,
        started_at=started,
        finished_at=timezone.now(),
        actor_name=actor.name,
        counts=counts or {},
        error=error[:500],
    )


def report(source: Source, infos: Sequence[DatasetInfo], changes: Changes) -> SyncReport:
    return SyncReport(
        source=source.name,
        datasets=len(infos),
        columns=sum(len(info.columns) for info in infos),
        added=changes.added,
        changed=changes.changed,
        retired=changes.retired,
        revision=source.revision,
    )
