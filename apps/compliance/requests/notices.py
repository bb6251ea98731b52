"""What needs an officer: a plan to approve, a day that comes near, work that did not end well."""

from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from apps.compliance.requests.flow import KIND
from apps.compliance.requests.models import SubjectRequest
from apps.compliance.requests.types import ENDED, State
from portal.accounts.selectors import people_with
from portal.accounts.types import Role
from portal.notices.services import notify, resolve

APPROVAL, DUE, INCOMPLETE, STOPPED = "request_approval", "request_due", "request_incomplete", "request_stopped"


def refresh(request: SubjectRequest) -> None:
    """Brings the notices of one request up to date with it. Titles name kind and number, never the person."""
    approval(request)
    due(request)
    tell(request, INCOMPLETE, request.state == State.INCOMPLETE, f"{request}: something is left, or did not answer")


def approval(request: SubjectRequest) -> None:
    """To every officer but those whom the database would refuse."""
    plan = request.plans.first() if request.state == State.PLANNED else None
    others = set(people_with(Role.OFFICER).values_list("pk", flat=True)) if plan else set()
    asked = others - {plan.planned_by_id, plan.opened_by_id} if plan else set()
    if not asked:
        resolve(kind=APPROVAL, subject_kind=KIND, subject_id=str(request.pk))
        return
    title = f"{request}: a plan waits for your approval"
    notify(
        kind=APPROVAL, subject_kind=KIND, subject_id=str(request.pk), title=title,
        url=request.get_absolute_url(), users=asked, due_at=last_moment(request),
    )  # fmt: skip


def last_moment(request: SubjectRequest) -> datetime:
    """`due_at` is the midnight after the last day, which a page would show as the day after."""
    return request.due_at - timedelta(seconds=1)


def due(request: SubjectRequest) -> None:
    near = request.due_at - timezone.now() < timedelta(days=settings.SUBJECT_SOON_DAYS)
    late = request.due_at <= timezone.now()
    title = f"{request} is overdue" if late else f"{request} is due soon"
    tell(request, DUE, near and request.state not in ENDED, title)


def tell(request: SubjectRequest, kind: str, wanted: bool, title: str) -> None:
    if not wanted:
        resolve(kind=kind, subject_kind=KIND, subject_id=str(request.pk))
        return
    notify(
        kind=kind, subject_kind=KIND, subject_id=str(request.pk), title=title,
        url=request.get_absolute_url(), roles=[Role.OFFICER], due_at=last_moment(request),
    )  # fmt: skip
