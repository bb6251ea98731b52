"""Requests as lines of a table: due first, with state, and what each needs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from apps.compliance.requests import calendars
from apps.compliance.requests.models import SubjectDiscovery, SubjectPlan, SubjectRequest
from apps.compliance.requests.next import Known, Next, next_of
from apps.compliance.requests.selectors import may_handle, open_requests_for, shown_identity
from apps.compliance.requests.types import AT_WORK, ENDED, Kind, Law, State
from portal.accounts.models import User
from portal.runs.models import Run

Numbered = TypeVar("Numbered", SubjectDiscovery, SubjectPlan)
FILTERS: Mapping[str, tuple[str, ...]] = {
    "kind": tuple(Kind),
    "law": tuple(Law),
    "state": ("open", "closed", *State),
    "due": ("overdue", "soon"),
}


@dataclass(frozen=True)
class Line:
    request: SubjectRequest
    identity: str
    next: Next
    state: str
    reason: str
    left: int  # days until it is due; negative when it is over
    open: bool

    @property
    def title(self) -> str:
        return f"{self.request.kind.capitalize()} request {str(self.request.pk)[:8]}"

    @property
    def law(self) -> str:
        return Law(self.request.law).label

    @property
    def due(self) -> str:
        return due_words(self.left) if self.open else "closed"

    @property
    def needs(self) -> str:
        return self.next.needs if self.open else ""

    @property
    def urgency(self) -> str:
        if not self.open:
            return ""
        return "bad" if self.left < 0 else "warn" if self.left <= settings.SUBJECT_SOON_DAYS else ""


def due_words(left: int) -> str:
    if left == 0:
        return "due today"
    if left < 0:
        return f"{-left} day{'s' if left < -1 else ''} overdue"
    return f"due in {left} day{'s' if left > 1 else ''}"


def matching(requests: QuerySet[SubjectRequest], chosen: Mapping[str, str]) -> QuerySet[SubjectRequest]:
    """`chosen` from the address; what is no filter of ours is left out."""
    for name in ("kind", "law"):
        if chosen.get(name):
            requests = requests.filter(**{name: chosen[name]})
    match chosen.get("state", ""):
        case "":
            pass
        case "open":
            requests = requests.exclude(state__in=ENDED)
        case "closed":
            requests = requests.filter(state__in=ENDED)
        case state:
            requests = requests.filter(state=state)
    if chosen.get("due"):
        now = timezone.now()
        until = now if chosen["due"] == "overdue" else now + timedelta(days=settings.SUBJECT_SOON_DAYS)
        requests = requests.exclude(state__in=ENDED).filter(due_at__lte=until)
    return requests


def board(person: User) -> list[Line]:
    """Open requests, for home."""
    return lines(person, open_requests_for(person)[:50])


def lines(person: User, requests: Iterable[SubjectRequest]) -> list[Line]:
    """Four queries, however many requests."""
    listed = list(requests)
    searches = newest(SubjectDiscovery.objects.filter(request__in=[r for r in listed if r.state == State.DISCOVERED]))
    plans = newest(SubjectPlan.objects.filter(request__in=[r for r in listed if r.state == State.PLANNED]))
    runs = Run.objects.in_bulk([r.run_id for r in listed if r.run_id and r.state in AT_WORK])
    handles = may_handle(person)
    return [
        line(
            person,
            Known(each, searches.get(each.pk), plans.get(each.pk), runs.get(each.run_id or 0)),
            handles=handles,
        )
        for each in listed
    ]


def newest(rows: QuerySet[Numbered]) -> dict[UUID, Numbered]:
    """The row with the highest number of each request."""
    found = rows.order_by("request_id", "-number").distinct("request_id")
    return {row.request_id: row for row in found}


def line(person: User, known: Known, *, handles: bool) -> Line:
    request = known.request
    following = next_of(known, handles=handles, person=person)
    state, reason = shown_state(known)
    return Line(
        request=request,
        identity=shown_identity(person, request),
        next=following,
        state=state,
        reason=reason,
        left=calendars.left(Law(request.law), request.due_on),
        open=request.state not in ENDED,
    )


def shown_state(known: Known) -> tuple[str, str]:
    """A request at work is in the state of its run, with the run's reason: a store that is down is told here."""
    request, run = known.request, known.run
    if request.state in AT_WORK and run is not None and run.state in ("waiting", "failed", "cancelled"):
        return run.state, f"{request.state}: {run.reason}"
    return request.state, ""
