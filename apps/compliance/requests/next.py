"""What happens next to a request, who may do it, and why the button is not there for somebody. Pure of writes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from apps.compliance.requests.models import SubjectDiscovery, SubjectPlan, SubjectRequest
from apps.compliance.requests.selectors import nothing_found, plan_in
from apps.compliance.requests.types import AT_WORK, Kind, State
from portal.accounts.models import User
from portal.runs.flows import ACTIVE
from portal.runs.models import Run

OFFICER_ONLY = "Only a compliance officer may do this."


@dataclass(frozen=True)
class Next:
    """`verb` is the name of the form on the request's page; empty where there is nothing to press."""

    needs: str
    verb: str = ""
    button: str = ""
    why_not: str = ""

    @property
    def allowed(self) -> bool:
        return bool(self.verb) and not self.why_not


@dataclass(frozen=True)
class Known:
    """What the next step depends on, fetched once for many requests."""

    request: SubjectRequest
    search: SubjectDiscovery | None = None
    plan: SubjectPlan | None = None
    run: Run | None = None

    @property
    def stopped(self) -> bool:
        """The request is at work, and its run is not."""
        return self.request.state in AT_WORK and self.run is not None and self.run.state not in ACTIVE


NextFor = Callable[[Known, User], Next]


def next_of(known: Known, *, handles: bool, person: User) -> Next:
    found = after_stop(known) if known.stopped else BY_STATE[State(known.request.state)](known, person)
    if found.verb and not handles:
        return Next(found.needs, found.verb, found.button, OFFICER_ONLY)
    return found


def after_stop(known: Known) -> Next:
    if known.request.state == State.DISCOVERING:
        return Next("the search ended without a result", "search", "Search again")
    if known.request.state == State.EXECUTING:
        return Next(
            "the erasure stopped: resume its run below, or search for what it left", "rescan", "Search what is left"
        )
    return Next("the run stopped: resume it below")


def discovered(known: Known, person: User) -> Next:
    search = known.search
    if search is None or not search.settled:
        count = search.people if search else 0
        return Next(f"choose who it is: {count} people share the address", "choose", "This is the person")
    plan = plan_in(search)
    if plan.blocking:
        count = len(plan.blocking)
        needs = f"settle {count} finding{'s' if count > 1 else ''} in the catalog or the governance file"
        return Next(needs, "search", "Search again")
    if nothing_found(plan):
        return Next("nothing was found: search once more for the address itself and certify", "rescan", "Certify")
    if known.request.kind == Kind.ACCESS:
        return Next("collect the answer", "package", "Make the package")
    return Next("freeze what will happen", "plan", "Freeze plan")


def planned(known: Known, person: User) -> Next:
    plan = known.plan
    why = ""
    if plan is not None and person.pk == plan.planned_by_id:
        why = "You froze this plan: another officer must approve it."
    elif plan is not None and person.pk == plan.opened_by_id:
        why = "You opened this request: another officer must approve its plan."
    return Next("another officer approves the plan", "approve", "Approve plan", why)


def simple(needs: str, verb: str = "", button: str = "") -> NextFor:
    def found(known: Known, person: User) -> Next:
        return Next(needs, verb, button)

    return found


BY_STATE: Mapping[State, NextFor] = {
    State.RECEIVED: simple("verify who asks", "verify", "Mark as verified"),
    State.VERIFIED: simple("search every store", "search", "Search every store"),
    State.DISCOVERING: simple("every store is being searched"),
    State.DISCOVERED: discovered,
    State.PLANNED: planned,
    State.APPROVED: simple("carry out the approved plan", "erase", "Erase now"),
    State.EXECUTING: simple("the plan is being carried out"),
    State.RESCANNING: simple("every store is being searched again"),
    State.PACKAGING: simple("the answer is being collected"),
    State.COMPLETE: simple("nothing"),
    State.INCOMPLETE: simple("something is left: find it, and plan again", "search", "Find what is left"),
    State.REFUSED: simple("nothing"),
    State.CANCELLED: simple("nothing"),
}
