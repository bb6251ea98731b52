"""Everything that a request's page shows, fetched once and cut to who looks."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from apps.compliance.requests import board
from apps.compliance.requests.models import SubjectCertificate, SubjectPackage, SubjectPlan, SubjectRequest
from apps.compliance.requests.next import Known
from apps.compliance.requests.selectors import (
    candidates_of,
    earlier_requests,
    may_handle,
    note_of,
    plan_in,
)
from apps.compliance.requests.types import EXTENSION_REASONS, GROUNDS, VERIFIED_HOW, State
from apps.compliance.subjects.types import Candidate, Place, Plan, Searched
from portal.accounts.models import User
from portal.accounts.selectors import people_with
from portal.accounts.types import Role
from portal.runs.models import Run

MAY_STOP = (State.RECEIVED, State.VERIFIED, State.DISCOVERED, State.PLANNED, State.APPROVED)


@dataclass(frozen=True)
class Store:
    """One store of a search or a plan: its places, and the proof that it was looked at."""

    source: str
    places: Sequence[Place]
    searched: Searched | None

    @property
    def rows(self) -> int:
        return sum(place.rows for place in self.places)


@dataclass(frozen=True)
class Story:
    line: board.Line
    known: Known
    handles: bool
    note: str
    found: Plan | None  # what the last search found
    candidates: Sequence[Candidate]
    frozen: Plan | None  # what the newest plan says
    certificate: SubjectCertificate | None
    proof: Mapping[str, Any] | None  # what the newest certificate says
    package: SubjectPackage | None
    earlier: Sequence[SubjectRequest]
    lonely: bool  # nobody else is an officer, so nobody can approve

    @property
    def request(self) -> SubjectRequest:
        return self.known.request

    @property
    def stores(self) -> list[Store]:
        return stores_of(self.found)

    @property
    def plan_stores(self) -> list[Store]:
        return [store for store in stores_of(self.frozen) if store.places]

    @property
    def summary(self) -> list[tuple[str, int]]:
        """The consequence before the button: rows by what happens to them."""
        totals: dict[str, int] = {}
        for place in self.frozen.places if self.frozen else ():
            totals[str(place.action)] = totals.get(str(place.action), 0) + place.rows
        return list(totals.items())

    @property
    def verified(self) -> str:
        return VERIFIED_HOW.get(self.request.verified_how, "")

    @property
    def ground(self) -> str:
        return GROUNDS.get(self.request.ground, "")

    @property
    def extension(self) -> str:
        return EXTENSION_REASONS.get(self.request.extended_for, "")

    @property
    def may_extend(self) -> bool:
        return self.handles and self.line.open and not self.request.extended_for and self.line.left >= 0

    @property
    def may_stop(self) -> bool:
        return self.handles and self.request.state in MAY_STOP

    @property
    def may_send_back(self) -> bool:
        return self.handles and self.request.state == State.PLANNED

    @property
    def package_open(self) -> bool:
        package = self.package
        return package is not None and package.removed_at is None and package.expires_at > timezone.now()


def stores_of(plan: Plan | None) -> list[Store]:
    if plan is None:
        return []
    searched = {each.source: each for each in plan.searched}
    names = dict.fromkeys([*searched, *plan.sources])
    return [Store(name, plan.of(name), searched.get(name)) for name in names]


def story_of(person: User, request: SubjectRequest) -> Story:
    search = request.discoveries.first()
    plan: SubjectPlan | None = request.plans.select_related("planned_by", "approved_by").first()
    known = Known(request, search, plan, Run.objects.filter(pk=request.run_id or 0).first())
    handles = may_handle(person)
    certificate = request.certificates.first()
    return Story(
        line=board.line(person, known, handles=handles),
        known=known,
        handles=handles,
        note=note_of(person, request),
        found=plan_in(search) if search and search.settled else None,
        candidates=candidates_of(person, search),
        frozen=Plan.from_json(json.loads(plan.content)["plan"]) if plan else None,
        certificate=certificate,
        proof=json.loads(certificate.content) if certificate else None,
        package=request.packages.first(),
        earlier=earlier_requests(person, request),
        lonely=request.state == State.PLANNED and approvers(plan) == 0,
    )


def approvers(plan: SubjectPlan | None) -> int:
    officers = people_with(Role.OFFICER)
    return officers.exclude(pk__in=[plan.planned_by_id, plan.opened_by_id]).count() if plan else 0
