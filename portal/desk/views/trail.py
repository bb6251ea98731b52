"""Who did what to what, with proof: for auditors, officers and administrators."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_GET

from portal.accounts.guards import requires_role
from portal.accounts.types import Role
from portal.audit.actions import Action
from portal.audit.models import Event, Leaf
from portal.audit.selectors import events_for
from portal.audit.sequencer import pending
from portal.audit.verify import Proof, prove
from portal.desk.trail import Line, details
from portal.desk.views.search import person

PAGE = 50
FILTERS = ("q", "action", "kind", "id", "actor", "since", "until")
READERS = (Role.AUDITOR, Role.OFFICER, Role.ADMINISTRATOR)


@requires_role(*READERS)
@require_GET
def events(request: HttpRequest) -> HttpResponse:
    chosen = {name: request.GET.get(name, "").strip() for name in FILTERS}
    found = older_than(matching(events_for(person(request)), chosen), request.GET.get("before", ""))
    rows = list(found.order_by("-at", "-id").select_related("leaf")[: PAGE + 1])
    context = {
        "lines": [(Line.of(row), getattr(row, "leaf", None)) for row in rows[:PAGE]],
        "older": address(chosen, before=str(rows[PAGE - 1].id)) if len(rows) > PAGE else "",
        "newest": address(chosen) if request.GET.get("before") else "",
        "chosen": chosen,
        "filtered": any(chosen.values()),
        "actions": [(str(action), str(action).replace("_", " ").replace(".", ": ")) for action in Action],
        "pending": pending(),
    }
    return render(request, "desk/audit.html", context)


def matching(found: QuerySet[Event], chosen: dict[str, str]) -> QuerySet[Event]:
    exact = {"action": "action", "kind": "target_kind", "id": "target_id", "actor": "actor_name"}
    wanted: dict[str, str | datetime] = {field: chosen[name] for name, field in exact.items() if chosen[name]}
    if chosen["q"]:
        text = chosen["q"]
        found = found.filter(Q(target_name__icontains=text) | Q(actor_name__icontains=text))
    if since := moment(chosen["since"]):
        wanted["at__gte"] = since
    if until := moment(chosen["until"]):
        wanted["at__lt"] = until + timedelta(days=1)
    return found.filter(**wanted)


def moment(text: str) -> datetime | None:
    """Midnight of `2026-11-23` in UTC; None for what is no date."""
    try:
        day = parse_date(text)
    except ValueError:  # well formed, but no such day
        return None
    return timezone.make_aware(datetime(day.year, day.month, day.day)) if day else None  # noqa: DTZ001


def older_than(found: QuerySet[Event], event_id: str) -> QuerySet[Event]:
    """The page after an event. By time and id, because several events share a moment."""
    try:
        last = Event.objects.filter(pk=UUID(event_id)).first()
    except ValueError:
        return found
    return found.filter(Q(at__lt=last.at) | Q(at=last.at, id__lt=last.id)) if last else found


def address(chosen: dict[str, str], **more: str) -> str:
    query = QueryDict(mutable=True)
    query.update({name: value for name, value in {**chosen, **more}.items() if value})
    return f"?{query.urlencode()}"


@requires_role(*READERS)
@require_GET
def event(request: HttpRequest, event_id: UUID) -> HttpResponse:
    found = get_object_or_404(events_for(person(request)), pk=event_id)
    proof = proof_of(found)
    context = {
        "event": found,
        "line": Line.of(found),
        "details": details(found),
        "proof": proof,
        "holds": proof is not None and proof.holds(),
    }
    return render(request, "desk/audit_event.html", context)


def proof_of(found: Event) -> Proof | None:
    """None while the sequencer has not given the event its leaf: at most a few seconds."""
    try:
        return prove(str(found.id))
    except Leaf.DoesNotExist:
        return None
