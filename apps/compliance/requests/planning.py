"""What stands between a search and the work: choosing who it is, freezing what will happen, and a second person."""

import hashlib
import json
from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from apps.compliance.requests import notices
from apps.compliance.requests.flow import REQUEST
from apps.compliance.requests.identity import seal
from apps.compliance.requests.models import SubjectDiscovery, SubjectPlan, SubjectRequest
from apps.compliance.requests.places import search_place
from apps.compliance.requests.running import start_search
from apps.compliance.requests.selectors import candidates_of, nothing_found, plan_in
from apps.compliance.requests.services import require_officer, target_of
from apps.compliance.requests.types import Kind, Refused, State
from portal.accounts.models import User
from portal.audit.actions import Action
from portal.audit.services import canonical, record
from portal.audit.types import Actor
from portal.workflow import move


@transaction.atomic
def choose(*, actor: User, request: SubjectRequest, keys: Sequence[str]) -> None:
    """Says who of those that share the address it is, and searches again for them alone."""
    require_officer(actor)
    search = request.discoveries.first()
    known = {candidate.key for candidate in candidates_of(actor, search)}
    wanted = sorted(set(keys))
    if search is None or not known:
        raise Refused("There is nobody to choose: search the stores first.")
    if not wanted or not known.issuperset(wanted):
        raise Refused("Choose at least one of the people who have this address.", "keys")
    place = search_place(request.pk, search.number, "chosen")
    SubjectDiscovery.objects.filter(pk=search.pk).update(chosen=seal(json.dumps(wanted).encode(), place))
    record(
        actor=Actor.of(actor),
        action=Action.SUBJECT_SETTLED,
        target=target_of(request),
        detail={"search": search.number, "people": len(known), "chosen": len(wanted)},
    )
    start_search(actor=actor, request=request)


@transaction.atomic
def freeze_plan(*, actor: User, request: SubjectRequest) -> SubjectPlan:
    """Canonical JSON of counts and places, with its SHA-256. Refused while a finding blocks it."""
    require_officer(actor)
    if request.kind != Kind.ERASURE:
        raise Refused("An access request needs no plan: nothing is changed by it.")
    if request.state != State.DISCOVERED:
        raise Refused("A plan is made of what a search found, before another plan is under way.")
    search = settled_search(request)
    found = plan_in(search)
    if found.blocking:
        raise Refused(f"{len(found.blocking)} findings must be settled first; then search the stores again.")
    if nothing_found(found):
        raise Refused("Nothing was found, so there is nothing to erase: have it certified instead.")
    number = (request.plans.values_list("number", flat=True).first() or 0) + 1
    content = canonical(
        {"request": str(request.pk), "kind": request.kind, "law": request.law, "number": number,
         "search": search.number, "digest": found.digest, "plan": found.as_json()}
    )  # fmt: skip
    plan = SubjectPlan.objects.create(
        request=request,
        number=number,
        content=content,
        sha256=hashlib.sha256(content.encode()).hexdigest(),
        discovery=search,
        opened_by=request.opened_by,
        planned_by=actor,
    )
    move(
        REQUEST, request, State.PLANNED, actor=Actor.of(actor), changed_at=timezone.now(),
        detail={"plan": number, "sha256": plan.sha256, "places": len(found.places)},
    )  # fmt: skip
    notices.refresh(request)
    return plan


def settled_search(request: SubjectRequest) -> SubjectDiscovery:
    search = request.discoveries.first()
    if search is None or not search.settled:
        raise Refused("Search the stores first, and choose who it is.")
    return search


@transaction.atomic
def approve(*, actor: User, request: SubjectRequest, sha256: str) -> None:
    """`sha256` is the plan that the approver saw. The database refuses the one who opened it or planned it, too."""
    require_officer(actor)
    plan = SubjectPlan.objects.select_for_update(of=("self",)).filter(request=request).first()
    if plan is None or request.state != State.PLANNED:
        raise Refused("There is no plan that waits for approval.")
    if actor.pk in (plan.planned_by_id, plan.opened_by_id):
        raise Refused("Somebody else must approve: not the officer who opened the request, nor the one who planned it.")
    if plan.sha256 != sha256:
        raise Refused("The plan is another than the one you saw. Read it again.")
    now = timezone.now()
    SubjectPlan.objects.filter(pk=plan.pk, approved_by=None).update(
        approved_by=actor, approved_sha256=sha256, approved_at=now
    )
    move(
        REQUEST, request, State.APPROVED, actor=Actor.of(actor), changed_at=now,
        detail={"plan": plan.number, "sha256": sha256, "planned_by": plan.planned_by.get_username()},
    )  # fmt: skip
    notices.refresh(request)


@transaction.atomic
def send_back(*, actor: User, request: SubjectRequest) -> None:
    """The plan is not good: the findings are looked at again, and another plan is made."""
    require_officer(actor)
    if request.state != State.PLANNED:
        raise Refused("There is no plan that waits for approval.")
    plan = request.plans.first()
    move(
        REQUEST, request, State.DISCOVERED, actor=Actor.of(actor), changed_at=timezone.now(),
        detail={"plan": plan.number if plan else 0},
    )  # fmt: skip
    notices.refresh(request)
