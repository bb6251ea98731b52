"""Writes of drift: runs, reports, and the alert that a report raises or ends."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from apps.models.drift.compare import Drift
from apps.models.drift.files import path_of
from apps.models.models import ModelVersion, RegisteredModel
from apps.models.observed import DRIFTED, STEADY, TOO_FEW, DriftReport
from portal.accounts.models import User
from portal.accounts.types import Role
from portal.audit.actions import Action
from portal.audit.services import record
from portal.audit.types import Actor, Target
from portal.notices.services import notify, resolve
from portal.runs.flows import ACTIVE
from portal.runs.models import Run
from portal.runs.services import start_run
from portal.runs.types import RunPlan, StepPlan

NOTICE = "models.drift"
KIND = "drift"
WATCHER = Actor.system("drift")
KEPT = 20  # of Evidently's reports per model, at four megabytes each; their figures stay


@dataclass(frozen=True)
class Window:
    since: datetime
    until: datetime
    inferences: int


@transaction.atomic
def start(*, actor: Actor, model: RegisteredModel, started_by: User | None = None, trigger: str = "manual") -> Run:
    """The run that compares; the one that is under way already, when there is one."""
    RegisteredModel.objects.select_for_update(no_key=True).get(pk=model.pk)
    under_way = Run.objects.filter(kind=KIND, subject_id=str(model.pk), state__in=ACTIVE).first()
    if under_way is not None:
        return under_way
    params = {"model": model.pk}
    compare = StepPlan("compare", "models.compare", "Compare inferences with the training rows", params, timeout_s=300)
    draw = StepPlan(
        "draw", "models.draw", "Draw Evidently's report", params, after=("compare",), pool="reports", timeout_s=600,
        max_attempts=2,
    )  # fmt: skip
    plan = RunPlan(
        kind=KIND, name=model.name, title=f"Drift of {model.title}", steps=(compare, draw),
        permission="ml.view_registeredmodel", subject_kind="registeredmodel", subject_id=str(model.pk),
        trigger=trigger, control="ml.run_driftreport",
    )  # fmt: skip
    return start_run(actor=actor, plan=plan, started_by=started_by)


@transaction.atomic
def keep(*, version: ModelVersion, run_id: int, at: datetime, window: Window, drift: Drift | None) -> DriftReport:
    """`drift` is None when there were too few inferences to tell. The same run gives the same report."""
    state = TOO_FEW if drift is None else DRIFTED if drift.share >= settings.DRIFT_SHARE else STEADY
    report, new = DriftReport.objects.get_or_create(
        run_id=run_id,
        defaults={
            "model_id": version.model_id,
            "version": version,
            "at": at,
            "window_from": window.since,
            "window_to": window.until,
            "inferences": window.inferences,
            "needed": settings.DRIFT_MINIMUM,
            "state": state,
            "share": None if drift is None else drift.share,
            "share_limit": settings.DRIFT_SHARE,
            "psi_limit": settings.DRIFT_PSI,
            "score_psi": None if drift is None else drift.score.psi,
            "figures": [] if drift is None else [each.as_json() for each in (*drift.features, drift.score)],
        },
    )
    if new and drift is not None:
        _tell(report, drift)
    return report


def _tell(report: DriftReport, drift: Drift) -> None:
    """Too few inferences tell nothing: they neither raise an alert nor end one."""
    model = report.model
    target = Target("registeredmodel", str(model.pk), model.name)
    detail = {"report": report.pk, "version": report.version.number, "share": drift.share}
    if report.state == DRIFTED:
        notify(
            kind=NOTICE,
            subject_kind="registeredmodel",
            subject_id=model.name,
            title=f"{model.title}: {drift.drifted} of {len(drift.features)} inputs drifted from the training rows",
            url=reverse("models:drift-report", args=[model.name, report.pk]),
            roles=[Role.ENGINEER],
        )
        record(actor=WATCHER, action=Action.DRIFT_FOUND, target=target, detail=detail)
    elif resolve(kind=NOTICE, subject_kind="registeredmodel", subject_id=model.name):
        record(actor=WATCHER, action=Action.DRIFT_ENDED, target=target, detail=detail)


@transaction.atomic
def keep_html(*, report: DriftReport, size: int) -> None:
    """Evidently's report lies in its place; older ones of the model go."""
    DriftReport.objects.filter(pk=report.pk).update(html_bytes=size)
    drawn = DriftReport.objects.filter(model_id=report.model_id, html_bytes__gt=0).order_by("-at", "-id")
    forget_html(list(drawn[KEPT:]))


def forget_html(reports: Sequence[DriftReport]) -> None:
    for old in reports:
        Path(path_of(old.pk)).unlink(missing_ok=True)
    DriftReport.objects.filter(pk__in=[old.pk for old in reports]).update(html_bytes=0)
