"""The runs of a request. What a step is given are ids: whose request it is, it opens itself."""

from django.db import transaction
from django.utils import timezone

from apps.compliance.requests import notices
from apps.compliance.requests.flow import KIND, REQUEST
from apps.compliance.requests.models import SubjectPlan, SubjectRequest
from apps.compliance.requests.selectors import HANDLE, VIEW, frozen, nothing_found, plan_in
from apps.compliance.requests.services import require_officer
from apps.compliance.requests.types import Kind, Refused, State
from apps.compliance.subjects.types import Plan
from portal.accounts.models import User
from portal.audit.types import Actor
from portal.runs.flows import ACTIVE, DONE
from portal.runs.models import Run
from portal.runs.services import start_run
from portal.runs.types import RunPlan, StepPlan
from portal.workflow import move

LONG = 6 * 3600  # a store that is large is searched for hours


@transaction.atomic
def start_search(*, actor: User, request: SubjectRequest) -> Run:
    """Finds who has the address and everything of them, in every store. The search before stays in the history."""
    require_officer(actor)
    if request.verified_how == "":
        raise Refused("Verify who asks before the stores are searched for them.")
    if request.state == State.DISCOVERING:
        give_up(actor, request)
    step = step_of("search", "compliance.search", "Search every store", request)
    return started(actor, request, State.DISCOVERING, name="search", verb="Search", steps=(step,))


def give_up(actor: User, request: SubjectRequest) -> None:
    """A search whose run ended without a result gives way to another one."""
    if is_working(request):
        raise Refused("The search is still at work.")
    move(REQUEST, request, State.VERIFIED, actor=Actor.of(actor), changed_at=timezone.now())


def is_working(request: SubjectRequest) -> bool:
    return Run.objects.filter(pk=request.run_id or 0, state__in=[*ACTIVE, DONE]).exists()


@transaction.atomic
def start_erasure(*, actor: User, request: SubjectRequest) -> Run:
    """Any officer may start what another has approved."""
    require_officer(actor)
    plan = approved_plan(request)
    return started(actor, request, State.EXECUTING, name="erasure", verb="Erase", steps=erasure_steps(request, plan))


def approved_plan(request: SubjectRequest) -> SubjectPlan:
    plan = request.plans.first()
    if plan is None or plan.approved_by_id is None:
        raise Refused("Another officer must approve the plan first.")
    return plan


def erasure_steps(request: SubjectRequest, plan: SubjectPlan) -> tuple[StepPlan, ...]:
    """One step per store, sources before their copies, so that nothing is copied again behind the work."""
    steps = [step_of("compare", "compliance.compare", "Compare the stores with the plan", request, plan=plan.pk)]
    for source in frozen(plan).sources:
        title = f"Erase in {source}"
        steps.append(
            after(steps, step_of(f"erase-{source}", "compliance.erase", title, request, source=source, plan=plan.pk))
        )
    steps.append(after(steps, step_of("holders", "compliance.erase_held", "Ask the holders", request, plan=plan.pk)))
    return (*steps, *proof_steps(request, steps))


def proof_steps(request: SubjectRequest, before: list[StepPlan]) -> tuple[StepPlan, ...]:
    rescan = step_of("rescan", "compliance.rescan", "Search every store again", request)
    rescan = after(before, rescan) if before else rescan
    certify = step_of("certify", "compliance.certify", "Write the certificate", request)
    keys = (*(step.key for step in before), "rescan")
    return rescan, StepPlan(**{**vars(certify), "after": keys})


def step_of(key: str, kind: str, title: str, request: SubjectRequest, **more: str | int) -> StepPlan:
    return StepPlan(key, kind, title, {"request": str(request.pk), **more}, timeout_s=LONG)


def after(steps: list[StepPlan], step: StepPlan) -> StepPlan:
    return StepPlan(**{**vars(step), "after": (steps[-1].key,)})


@transaction.atomic
def start_rescan(*, actor: User, request: SubjectRequest) -> Run:
    """For a request that found nobody, for one whose last search found something or met a silent holder, and for an
    erasure whose run ended before its end: what it left is then told, and a new plan can be made of it."""
    require_officer(actor)
    if request.state == State.EXECUTING and is_working(request):
        raise Refused("The erasure is still at work: what it leaves is searched when it has ended.")
    search = request.discoveries.first()
    if search is None or not search.settled:
        raise Refused("Search the stores first.")
    if request.state == State.DISCOVERED and not nothing_found(plan_in(search)):
        raise Refused("Something was found: a plan says what happens to it.")
    plan = request.plans.first() if request.state == State.INCOMPLETE else None
    again = [step_of("holders", "compliance.erase_held", "Ask the holders", request, plan=plan.pk)] if plan else []
    steps = (*again, *proof_steps(request, again))
    return started(actor, request, State.RESCANNING, name="proof", verb="Search again", steps=steps)


@transaction.atomic
def start_package(*, actor: User, request: SubjectRequest) -> Run:
    require_officer(actor)
    if request.kind != Kind.ACCESS:
        raise Refused("An erasure request is answered with a certificate, not with a package.")
    check_collectable(request)
    step = step_of("package", "compliance.package", "Collect and seal", request)
    certify = StepPlan(**{**vars(step_of("certify", "compliance.certify", "Write the certificate", request)),
                          "after": ("package",)})  # fmt: skip
    return started(actor, request, State.PACKAGING, name="package", verb="Package", steps=(step, certify))


def check_collectable(request: SubjectRequest) -> Plan:
    search = request.discoveries.first()
    if search is None or not search.settled:
        raise Refused("Search the stores first, and choose who it is.")
    found = plan_in(search)
    if found.blocking:
        raise Refused(f"{len(found.blocking)} findings must be settled first: the answer would have a hole in it.")
    return found


def started(
    actor: User, request: SubjectRequest, to: State, *, name: str, verb: str, steps: tuple[StepPlan, ...]
) -> Run:
    """Moves first: of two officers who press the button at once, the second one's move finds another state.

    Nobody owns the run: whoever started it would see it even after they are no officer any more.
    """
    now = timezone.now()
    move(REQUEST, request, to, actor=Actor.of(actor), changed_at=now)
    run = start_run(
        actor=Actor.of(actor),
        plan=RunPlan(
            kind=KIND, name=name, title=f"{verb}: {request}", steps=steps, permission=VIEW,
            subject_kind=KIND, subject_id=str(request.pk), control=HANDLE,
        ),
    )  # fmt: skip
    SubjectRequest.objects.filter(pk=request.pk).update(run_id=run.pk)
    request.run_id = run.pk
    notices.refresh(request)
    return run
