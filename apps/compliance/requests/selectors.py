"""Requests, cut to those who may know of them: officers, who work on them, and auditors, who read the proof."""

import json
from collections.abc import Sequence
from uuid import UUID

from django.db.models import CharField, Q, QuerySet
from django.db.models.functions import Cast

from apps.compliance.requests.flow import KIND
from apps.compliance.requests.identity import Broken, masked, open_sealed
from apps.compliance.requests.models import SubjectDiscovery, SubjectPlan, SubjectRequest
from apps.compliance.requests.places import identity_place, note_place, search_place
from apps.compliance.requests.types import ENDED
from apps.compliance.subjects.types import Candidate, Plan, Trace
from portal.accounts.access import visible
from portal.accounts.models import User
from portal.accounts.selectors import Someone
from portal.audit.actions import Action
from portal.audit.types import Person
from portal.runs.models import Run, Step

VIEW = "compliance.view_subjectrequest"
HANDLE = "compliance.handle_subjectrequest"
EARLIER = 10


def may_view(person: Someone) -> bool:
    return isinstance(person, User) and person.is_active and person.has_perm(VIEW)


def may_handle(person: Someone) -> bool:
    return isinstance(person, User) and person.is_active and person.has_perm(HANDLE)


def requests_for(person: Someone) -> QuerySet[SubjectRequest]:
    return visible(person, SubjectRequest.objects.all())


def request_for(person: Someone, request_id: UUID) -> SubjectRequest:
    """Raises SubjectRequest.DoesNotExist for one that this person may not know of, as for one that is not there."""
    return requests_for(person).select_related("opened_by").get(pk=request_id)


def open_requests_for(person: Someone) -> QuerySet[SubjectRequest]:
    return requests_for(person).exclude(state__in=ENDED)


def address_of(request: SubjectRequest) -> str | None:
    """The whole address, for machine paths and for a look that the trail has. None once it was deleted."""
    if request.identity is None:
        return None
    return open_sealed(bytes(request.identity), identity_place(request.pk)).decode()


def shown_identity(person: Someone, request: SubjectRequest) -> str:
    """`a***@example.com` for officers; for others only that there is one."""
    if not may_handle(person):
        return "withheld"
    try:
        address = address_of(request)
    except Broken:
        return "cannot be opened with this key"
    return "deleted" if address is None else masked(address)


def note_of(person: Someone, request: SubjectRequest) -> str:
    if request.note is None or not may_handle(person):
        return ""
    return open_sealed(bytes(request.note), note_place(request.pk)).decode()


def earlier_requests(person: Someone, request: SubjectRequest) -> Sequence[SubjectRequest]:
    """Others of the same address, found by its keyed digest."""
    same = requests_for(person).filter(digest=request.digest).exclude(pk=request.pk)
    return list(same.order_by("-opened_at")[:EARLIER])


def opened_part(search: SubjectDiscovery, part: str) -> bytes | None:
    sealed = getattr(search, part)
    return None if sealed is None else open_sealed(bytes(sealed), search_place(search.request_id, search.number, part))


def candidates_of(person: Someone, search: SubjectDiscovery | None) -> Sequence[Candidate]:
    """People who share the address, with what tells them apart: for officers alone, while they have to choose."""
    if search is None or search.settled or not may_handle(person):
        return ()
    content = opened_part(search, "candidates")
    if content is None:
        return ()
    return [Candidate(each["key"], each["shown"], tuple(each["found_in"])) for each in json.loads(content)]


def chosen_keys(search: SubjectDiscovery | None) -> tuple[str, ...]:
    content = opened_part(search, "chosen") if search is not None else None
    return () if content is None else tuple(json.loads(content))


def trace_of(search: SubjectDiscovery) -> Trace | None:
    content = opened_part(search, "trace")
    return None if content is None else Trace.from_bytes(content)


def known_trace(request: SubjectRequest) -> Trace | None:
    """Of the newest search that has one. Each search starts with what the one before it knew (`discover`), and alone
    says what of it has become somebody else's since."""
    return next((trace for search in request.discoveries.all() if (trace := trace_of(search)) is not None), None)


def plan_in(search: SubjectDiscovery) -> Plan:
    return Plan.from_json(search.content)


def frozen(plan: SubjectPlan) -> Plan:
    """What was approved: of the text whose hash the approval names, not of the search it was made from."""
    return Plan.from_json(json.loads(plan.content)["plan"])


def nothing_found(plan: Plan) -> bool:
    """Nobody: no place in any store, no holder that has something or did not answer."""
    return not plan.places and not any(each.silent or (each.count and not each.keep) for each in plan.held)


# What holders did for an erasure: that there was one, and when, is told by them as well.
OF_ERASURES = (Action.SNAPSHOT_REWRITTEN, Action.INFERENCES_ERASED, Action.NAMES_FORGOTTEN, Action.ERASURE_ENTERED)


def hidden_events(person: Person) -> Q:
    """For `settings.AUDIT_HIDDEN`: what the trail must not tell those who may not know that a request exists."""
    if person.has_perm(VIEW):
        return Q(pk__in=[])
    runs = Run.objects.filter(kind=KIND)
    run_ids = runs.annotate(key=Cast("pk", CharField())).values("key")
    step_ids = Step.objects.filter(run__in=runs).annotate(step_key=Cast("pk", CharField())).values("step_key")
    return (
        Q(target_kind=KIND)
        | Q(action__in=OF_ERASURES)
        | Q(target_kind="run", target_id__in=run_ids)
        | Q(target_kind="step", target_id__in=step_ids)
    )
