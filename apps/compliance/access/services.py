"""Asking, deciding, ending. Each move is one conditional UPDATE with its event: two who decide at once cannot both."""

from datetime import timedelta

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from apps.catalog.models import Dataset
from apps.compliance.access import notices
from apps.compliance.access.models import AccessApproval, AccessGrant, AccessRequest
from apps.compliance.access.readers import choices
from apps.compliance.access.selectors import dataset_for, may_decide, may_revoke
from apps.compliance.access.types import KIND, LONGEST_REASON, REQUEST, SHORTEST_REASON, Ask, Invalid, State
from apps.compliance.policy.choose import Choice, liftable
from portal.accounts.models import User
from portal.accounts.selectors import purposes_of
from portal.accounts.types import Purpose, Role
from portal.audit.actions import Action
from portal.audit.services import record
from portal.audit.types import Actor, Target
from portal.workflow import StaleState, move

PEOPLE_IN_EMERGENCY = 2
SYSTEM = Actor.system("access")


def ask(*, actor: Actor, user: User, dataset: int, ask: Ask) -> AccessRequest:
    """Asking again while the first is open changes nothing. Raises Invalid, Dataset.DoesNotExist."""
    found = dataset_for(user, dataset)
    purpose = purpose_in(user, ask.purpose)
    choice = deciding(user, purpose, found, ask.column)
    subject = "/".join((found.source.name, *found.path, *([ask.column] if ask.column else [])))
    values = {
        "dataset": found,
        "rule": choice.rule[:100],
        "approver": (choice.approver or str(Role.OFFICER))[:100],
        "days": 1 if ask.emergency else days_in(ask.days),
        "reason": reason_in(ask.reason),
        "emergency": ask.emergency,
    }
    with transaction.atomic():
        asked, new = AccessRequest.objects.get_or_create(
            user=user, subject=subject, purpose=str(purpose), state=State.OPEN, defaults=values
        )
        if new:
            notices.asked(asked)
            detail = {"rule": asked.rule, "approver": asked.approver, "purpose": str(purpose)}
            record(
                actor=actor,
                action=Action.ACCESS_REQUESTED,
                target=target_of(asked),
                detail={**detail, "subject": subject[:300], "days": asked.days, "emergency": asked.emergency},
            )
    return asked


def deciding(user: User, purpose: Purpose, dataset: Dataset, column: str) -> Choice:
    """The choice whose rule a grant would lift: the column's own, or the first masked one of the dataset."""
    found = choices(user, purpose, dataset)
    if column and column not in found:
        raise Invalid("column", "This dataset has no such column, or the catalog has not seen it.")
    chosen = [found[column]] if column else list(found.values())
    masked = [choice for choice in chosen if choice.masked]
    if not masked:
        raise Invalid("column", f"Nothing of it is masked for you under the purpose {purpose.label}: just query it.")
    best = next((choice for choice in masked if choice.rule and liftable(choice)), None)
    if best is None:
        raise Invalid("column", f"No grant can lift this. {masked[0].reason}")
    return best


def purpose_in(user: User, value: str) -> Purpose:
    found = next((purpose for purpose in purposes_of(user) if purpose == value), None)
    if found is None:
        raise Invalid("purpose", "Choose a purpose that your roles allow.")
    return found


def days_in(value: str) -> int:
    most = settings.GRANT_DAYS
    if not (value.isascii() and value.isdigit() and len(value) < 6 and 1 <= int(value) <= most):
        raise Invalid("days", f"Say for how many days: a whole number from 1 to {most}.")
    return int(value)


def reason_in(value: str) -> str:
    text = value.replace("\0", "").strip()
    if not SHORTEST_REASON <= len(text) <= LONGEST_REASON:
        raise Invalid("reason", f"Give the reason in {SHORTEST_REASON} to {LONGEST_REASON:,} characters.")
    return text


def approve(*, actor: Actor, user: User, request: AccessRequest, reason: str) -> AccessGrant | None:
    """The grant, or None while an emergency waits for its second person.

    Raises Invalid, StaleState, PermissionDenied.
    """
    text = reason_in(reason)
    with transaction.atomic():
        row = decidable(user, request)
        columns = opened(row)
        AccessApproval.objects.create(request=row, asked_by=row.user, approver=user, reason=text)
        if row.emergency and row.approvals.count() < PEOPLE_IN_EMERGENCY:
            record(actor=actor, action=Action.ACCESS_SECONDED, target=target_of(row), detail={"of": row.subject[:300]})
            notices.asked(row)
            return None
        now = timezone.now()
        length = timedelta(hours=settings.EMERGENCY_HOURS) if row.emergency else timedelta(days=row.days)
        detail = {"subject": row.subject[:300], "until": (now + length).isoformat(), "emergency": row.emergency}
        detail["columns"] = len(columns)
        move(REQUEST, row, State.APPROVED, actor=actor, detail=detail, answered_at=now, answered_by=user, answer=text)
        grant = AccessGrant.objects.create(request=row, columns=columns, starts_at=now, ends_at=now + length)
        notices.answered(row, f"You may see {row.place} until {grant.ends_at:%d %B %Y, %H:%M} UTC")
        return grant


def opened(request: AccessRequest) -> dict[str, list[str]]:
    """The columns that a yes opens now, with what each holds now. One that nobody has classified is not among them."""
    dataset = request.dataset
    if dataset is None or dataset.retired_at is not None:
        raise Invalid("reason", "The dataset is gone from its store: refuse this, and have it asked anew.")
    asked = request.subject.removeprefix("/".join((dataset.source.name, *dataset.path))).removeprefix("/")
    rows = dataset.columns.filter(retired_at=None).exclude(category="").order_by("position", "pk")
    found = {c.name: sorted({c.category, *c.carries}) for c in (rows.filter(name=asked) if asked else rows)}
    if not found:
        raise Invalid("reason", "What was asked for is gone from its store: refuse this, and have it asked anew.")
    return found


def refuse(*, actor: Actor, user: User, request: AccessRequest, reason: str) -> None:
    """Raises Invalid, StaleState, PermissionDenied."""
    text = reason_in(reason)
    with transaction.atomic():
        row = decidable(user, request)
        move(REQUEST, row, State.REFUSED, actor=actor, answered_at=timezone.now(), answered_by=user, answer=text)
        notices.answered(row, f"Your request to see {row.place} was refused")


def withdraw(*, actor: Actor, user: User, request: AccessRequest) -> None:
    """Raises StaleState, PermissionDenied."""
    if request.user_id != user.pk:
        raise PermissionDenied("Only whoever asked can withdraw.")
    with transaction.atomic():
        row = locked(request)
        move(REQUEST, row, State.WITHDRAWN, actor=actor, answered_at=timezone.now(), answered_by=user)
        notices.closed(row)


def locked(request: AccessRequest) -> AccessRequest:
    row = AccessRequest.objects.select_for_update(of=("self",)).select_related("user", "dataset").get(pk=request.pk)
    if not row.open:
        raise StaleState("Somebody has answered it meanwhile.")
    return row


def decidable(user: User, request: AccessRequest) -> AccessRequest:
    row = locked(request)
    if not may_decide(user, row):
        raise PermissionDenied("You cannot decide this: it is your own request, you have said yes, or others do.")
    return row


def revoke(*, actor: Actor, user: User, grant: AccessGrant, reason: str) -> None:
    """Ends a grant now. Raises Invalid, StaleState, PermissionDenied."""
    text = reason_in(reason)
    if not may_revoke(user, grant):
        raise PermissionDenied("You cannot end this grant.")
    now = timezone.now()
    with transaction.atomic():
        found = AccessGrant.objects.filter(pk=grant.pk, revoked_at=None, ends_at__gt=now)
        if not found.update(revoked_at=now, revoked_by=user, revoke_reason=text, told_at=now):
            raise StaleState("It has ended already.")
        request = grant.request
        detail = {"subject": request.subject[:300], "grant": grant.pk}
        record(actor=actor, action=Action.ACCESS_GRANT_REVOKED, target=target_of(request), detail=detail)
        if request.user_id != user.pk:
            notices.answered(request, f"You may no longer see {request.place}: the grant was revoked")


def tell_ended() -> int:
    """Writes the end of each grant that ended by itself into the trail, once. It ended without this."""
    ended = 0
    for grant in AccessGrant.objects.filter(ends_at__lte=timezone.now(), told_at=None).select_related("request"):
        with transaction.atomic():
            if not AccessGrant.objects.filter(pk=grant.pk, told_at=None).update(told_at=timezone.now()):
                continue
            detail = {"subject": grant.request.subject[:300], "grant": grant.pk}
            record(actor=SYSTEM, action=Action.ACCESS_EXPIRED, target=target_of(grant.request), detail=detail)
            notices.answered(grant.request, f"Your access to {grant.request.place} has ended")
            ended += 1
    return ended


def target_of(request: AccessRequest) -> Target:
    return Target(KIND, str(request.pk), str(request))
