"""What a person may see of what serves and how it drifts."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from apps.models.inferences import Pace, pace
from apps.models.models import RegisteredModel
from apps.models.observed import DriftReport, ScoringService
from portal.accounts.access import visible
from portal.accounts.models import User
from portal.accounts.selectors import Someone
from portal.notices.models import Notice

RUN = "ml.run_driftreport"
SHOWN = 60
SILENT_AFTER = timedelta(seconds=10)


def model_for(person: Someone, name: str) -> RegisteredModel:
    """Raises RegisteredModel.DoesNotExist for one this person may not know of."""
    return visible(person, RegisteredModel.objects.all()).get(name=name)


def may_run(person: Someone) -> bool:
    return isinstance(person, User) and person.is_active and person.has_perm(RUN)


def reports_of(model: RegisteredModel) -> QuerySet[DriftReport]:
    return DriftReport.objects.filter(model=model).select_related("version").order_by("-at", "-id")


@dataclass(frozen=True)
class Process:
    """A scoring process as it last told of itself. Silent for ten seconds: it may be gone."""

    row: ScoringService
    alive: bool

    @property
    def refused(self) -> int:
        return self._count(lambda status: 400 <= status < 500)

    @property
    def failed(self) -> int:
        return self._count(lambda status: status >= 500)

    @property
    def answered(self) -> int:
        return self._count(lambda status: status == 200)

    def _count(self, wanted: Any) -> int:
        return sum(int(number) for status, number in self.row.counts.items() if wanted(int(status)))


@dataclass(frozen=True)
class Service:
    processes: list[Process]
    pace: Pace
    problem: str
    now: datetime


def service_of(model: RegisteredModel) -> Service:
    """Who serves this model now, as the processes say, and how fast, as the log of inferences says."""
    now = timezone.now()
    rows = ScoringService.objects.filter(at__gt=now - timedelta(days=1)).select_related("version").order_by("name")
    mine = [row for row in rows if row.version is None or row.version.model_id == model.pk]
    notice = Notice.objects.filter(kind="models.cannot_serve", subject_id=model.name, resolved_at=None).first()
    processes = [Process(row, row.at > now - SILENT_AFTER) for row in mine]
    return Service(processes, pace(model.pk), notice.title if notice else "", now)
