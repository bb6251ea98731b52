"""Who is told of a request: those who decide while it is open, then whoever asked."""

from datetime import timedelta

from django.utils import timezone

from apps.compliance.access.models import AccessRequest
from apps.compliance.access.selectors import deciders
from apps.compliance.access.types import KIND
from portal.notices.models import Notice
from portal.notices.services import notify, resolve

ASKED, ANSWERED = "access_request", "access_answer"
SHOWN_DAYS = 7


def asked(request: AccessRequest) -> None:
    """To all who can decide and have not."""
    said = set(request.approvals.values_list("approver", flat=True))
    people = [pk for pk in deciders(request) if pk not in said]
    haste = "Emergency: " if request.emergency else ""
    title = f"{haste}{request.user.label} asks to see {request.place} for {request.purpose.replace('_', ' ')}"
    if people:
        notify(
            kind=ASKED,
            subject_kind=KIND,
            subject_id=str(request.pk),
            title=title,
            url=request.get_absolute_url(),
            users=people,
        )
    else:
        resolve(kind=ASKED, subject_kind=KIND, subject_id=str(request.pk))


def answered(request: AccessRequest, title: str) -> None:
    closed(request)
    notify(
        kind=ANSWERED,
        subject_kind=KIND,
        subject_id=str(request.pk),
        title=title,
        url=request.get_absolute_url(),
        users=[request.user_id],
    )


def closed(request: AccessRequest) -> None:
    resolve(kind=ASKED, subject_kind=KIND, subject_id=str(request.pk))


def forget_old() -> int:
    """An answer stays in the inbox for a week: nothing has to be done about it."""
    before = timezone.now() - timedelta(days=SHOWN_DAYS)
    old = Notice.objects.filter(kind=ANSWERED, resolved_at=None, created_at__lt=before)
    return old.update(resolved_at=timezone.now())
