"""The steps of a request's runs. Their logs hold counts and names of datasets, never a value of the person.

A store that is down raises StoreError out of here: the step then waits for it and says so (`portal.runs`).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID, uuid4

from django.utils import timezone

from apps.compliance.requests import outcomes, packages
from apps.compliance.requests.flow import REQUEST
from apps.compliance.requests.models import SubjectPlan, SubjectRequest
from apps.compliance.requests.selectors import address_of, chosen_keys, frozen, known_trace, plan_in
from apps.compliance.requests.types import Law, State
from apps.compliance.subjects import collect, discovery, erasure, holders, ledger, rescan
from apps.compliance.subjects.sight import Blind
from apps.compliance.subjects.types import Discovery, Plan, Subject, Trace
from portal.audit.actions import Action
from portal.audit.types import Actor
from portal.holders import HolderBusy, HolderSilent
from portal.runs.types import Outcome, StepContext, StepFailed, StepWaits
from portal.stores.types import Store, StoreError
from portal.workflow import move

PORTAL = Actor.system("requests")
HOLDER_AGAIN_S = 60
NO_TRACE = "what the person is recognised by is no longer kept: search the stores again"
WORK = frozenset({State.EXECUTING, State.RESCANNING})
TAKEN_OVER = "another run works on this request now"
STALE = "the stores changed since the plan was approved: nothing was erased; make a new plan"


@contextmanager
def asking() -> Iterator[None]:
    """A holder that is silent is waited for, as a store is; rules and rights that are missing are told. What a store
    refuses while a load is under way (a table that is just built anew) is asked for again when that has ended."""
    try:
        yield
    except HolderSilent as silent:
        raise StepWaits(str(silent), retry_after_s=HOLDER_AGAIN_S) from None
    except discovery.NoRules as missing:
        raise StepFailed(str(missing)) from None
    except Blind as blind:
        at_rest()
        raise StepFailed(str(blind)) from None
    except StoreError as refused:
        if not refused.retryable:
            at_rest()
        raise


def at_rest() -> None:
    try:
        holders.at_rest()
    except HolderBusy as busy:
        raise StepWaits(str(busy), retry_after_s=HOLDER_AGAIN_S) from None


def request_in(context: StepContext) -> SubjectRequest:
    """Raises StepFailed for a run that somebody resumed after another one took over."""
    request = SubjectRequest.objects.get(pk=UUID(str(context.params["request"])))
    if request.run_id != context.run_id:
        raise StepFailed(TAKEN_OVER)
    return request


def subject_of(request: SubjectRequest, keys: tuple[str, ...]) -> Subject:
    address = address_of(request)
    if address is None:
        raise StepFailed("the identity was deleted when its time was over")
    return Subject(address, keys)


def search(context: StepContext) -> Outcome:
    """Who has the address; if that is one person, or nobody, everything of them. Params: `request`."""
    request = request_in(context)
    if request.state != State.DISCOVERING:
        return Outcome("searched already")
    before = request.discoveries.first()
    keys = chosen_keys(before)
    with asking():
        if not keys:
            found = discovery.identify(email=subject_of(request, ()).email, check=context.check)
            context.log(f"{len(found.candidates)} with this address")
            if len(found.candidates) > 1:
                with context.fenced():
                    outcomes.several(request, found, run=context.run_id)
                return Outcome(f"{len(found.candidates)} people share the address: somebody must choose")
            keys = tuple(candidate.key for candidate in found.candidates)
        result = discover(context, request, keys)
    with context.fenced():
        outcomes.found(request, result, keys, run=context.run_id)
    for place in result.plan.places:
        context.log(f"{place.dataset.title}: {place.rows} rows")
    rows = sum(place.rows for place in result.plan.places)
    return Outcome(f"{rows} rows in {len(result.plan.places)} datasets", {"rows": rows})


def discover(context: StepContext, request: SubjectRequest, keys: tuple[str, ...]) -> Discovery:
    """With what the request knew before: places and findings of the plan are of old values and keys, too."""
    known = known_trace(request)
    return discovery.discover(subject=subject_of(request, keys), check=context.check, before=known)


def plan_of(context: StepContext) -> tuple[SubjectPlan, Plan, Trace]:
    """The approved plan, with what the person is recognised by."""
    row = SubjectPlan.objects.select_related("discovery", "request").get(pk=int(context.params["plan"]))
    if row.approved_by_id is None or row.approved_sha256 != row.sha256:
        raise StepFailed("the plan is not approved")
    trace = known_trace(row.request)
    if trace is None:
        raise StepFailed(NO_TRACE)
    if row.request.run_id != context.run_id or row.request.state not in WORK:
        raise StepFailed(TAKEN_OVER)
    return row, frozen(row), trace


def compare(context: StepContext) -> Outcome:
    """Nothing is done that was not approved: the stores are searched once more. Params: `request`, `plan`."""
    row, plan, _ = plan_of(context)
    request = row.request
    if request.state != State.EXECUTING:
        raise StepFailed("the request has moved on")
    keys = chosen_keys(row.discovery)
    at_rest()
    with asking():
        fresh = discover(context, request, keys)
    at_rest()  # a load that began meanwhile may bring rows that were not compared
    if fresh.plan.digest != plan.digest:
        with context.fenced():
            outcomes.stale(request, fresh, keys, run=context.run_id, plan=row.number)
        raise StepFailed(STALE)
    with context.fenced():
        kept = ledger.enter(actor=PORTAL, request=str(request.pk), plan=plan, trace=fresh.trace)
        outcomes.keep_trace(row.discovery, fresh.trace)
    return Outcome("the stores are as they were approved", {"digests": kept})


def erase(context: StepContext) -> Outcome:
    """One store. Safe to run again: what is gone is not found. Params: `request`, `plan`, `source`."""
    row, plan, trace = plan_of(context)
    source = str(context.params["source"])
    with context.fenced():
        outcomes.note(row.request, Action.SUBJECT_ERASE_INTENDED, {"source": source, "attempt": context.attempt})

    def opened(store: Store) -> None:
        context.on_cancel(store.cancel)

    with asking():
        done = erasure.erase(
            plan=plan, trace=trace, source=source, check=context.check, progress=context.progress, opened=opened
        )
    told = [{"dataset": each.dataset.title, "action": str(each.action), "rows": each.rows} for each in done]
    rows = sum(each.rows for each in done)
    with context.fenced():
        outcomes.note(row.request, Action.SUBJECT_ERASED, {"source": source, "rows": rows, "datasets": told})
    for each in done:
        context.log(f"{each.dataset.title}: {each.action} {each.rows} rows")
    return Outcome(f"{rows} rows in {len(done)} datasets", {"rows": rows}, {"done": told, "attempt": context.attempt})


def erase_held(context: StepContext) -> Outcome:
    """Copies beside the stores. A holder that is silent is told of here and decided on by the re-scan."""
    row, _, trace = plan_of(context)
    with context.fenced():
        outcomes.note(row.request, Action.SUBJECT_ERASE_INTENDED, {"source": "holders", "attempt": context.attempt})
    held = erasure.erase_held(trace=trace, check=context.check)
    silent = [each.holder for each in held if each.silent]
    gone = sum(each.count for each in held if not each.silent and not each.keep)
    told = [vars(each) for each in held]
    with context.fenced():
        outcomes.note(row.request, Action.SUBJECT_ERASED, {"source": "holders", "things": gone, "silent": silent})
    summary = f"{gone} things removed" + (f"; no answer from {', '.join(silent)}" if silent else "")
    return Outcome(summary, {"things": gone, "silent": len(silent)}, {"held": told})


def search_again(context: StepContext) -> Outcome:
    """Looks for the person's values in every text and JSON column and path as the stores are now. Params: `request`."""
    request = request_in(context)
    if request.state == State.EXECUTING:
        with context.fenced():
            move(REQUEST, request, State.RESCANNING, actor=PORTAL, changed_at=timezone.now())
    elif request.state != State.RESCANNING:
        raise StepFailed("the request has moved on")
    found = request.discoveries.first()
    trace = known_trace(request)
    if found is None or trace is None:
        raise StepFailed(NO_TRACE)
    at_rest()
    with asking():
        result = rescan.rescan(plan=plan_in(found), trace=trace, check=context.check, progress=context.progress)
    at_rest()  # a load that began meanwhile may have written behind the search: it is made again
    for place in result.residues:
        context.log(f"{place.dataset.title}, {place.column}: {place.rows} rows, {place.what}", level="error")
    for each in result.searched:
        context.log(f"{each.source}: {each.columns} columns of {each.datasets} datasets, {each.rows} rows")
    left = sum(place.rows for place in result.residues)
    return Outcome(
        "nothing is left" if result.complete else f"{left} rows left, or a store or holder did not tell all",
        {"left": left, "columns": sum(each.columns for each in result.searched)},
        outcomes.rescan_as_json(result),
    )


def package(context: StepContext) -> Outcome:
    """Collects from every store and holder into one sealed file. Params: `request`."""
    request = request_in(context)
    if request.state != State.PACKAGING:
        return Outcome("packaged already")
    found = request.discoveries.first()
    trace = known_trace(request)
    if found is None or trace is None:
        raise StepFailed("search the stores first")
    key = uuid4()
    law = Law(request.law).label
    with asking():
        parts = collect.collect(plan=plan_in(found), trace=trace, check=context.check)
        made = packages.write(key, parts, {"law": law, "made": timezone.now(), "request": request}, check=context.check)
    with context.fenced():
        outcomes.packaged(request, key, made)
    for section in made.sections:
        context.log(f"{section.title}: {section.count} records")
    counts = {"records": made.records, "datasets": len(made.sections)}
    sections = [{"dataset": section.title, "records": section.count} for section in made.sections]
    return Outcome(f"{made.records} records of {len(made.sections)} datasets", counts, {"sections": sections})


def certify(context: StepContext) -> Outcome:
    """Writes down what was searched and done, and lets the re-scan decide the state. Params: `request`."""
    request = request_in(context)
    if request.state not in (State.RESCANNING, State.PACKAGING):
        return Outcome("certified already")
    with context.fenced():
        written = outcomes.certified(request, context.inputs, run=context.run_id)
    return Outcome("complete" if written.complete else "incomplete: something is left, or a holder did not answer")
