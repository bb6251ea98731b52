"""Requests in each of their states, in one line each. What a search found is made up here; the engine's own tests, and
`test_whole_path.py`, find it in real stores."""

from django.db import transaction
from django.utils import timezone

from apps.compliance.requests import calendars, outcomes, planning, running, services
from apps.compliance.requests.models import SubjectPlan, SubjectRequest
from apps.compliance.requests.types import Kind, Law
from apps.compliance.subjects.types import (
    Action,
    Candidate,
    ColumnFate,
    Dataset,
    Discovery,
    Finding,
    FindingKind,
    HeldThing,
    Identified,
    Owner,
    Place,
    Plan,
    ReachedBy,
    Searched,
    Trace,
)
from portal.accounts.models import User

EMAIL = "zoe.kanarie@example.org"
SEARCHED = (Searched("documents", 4, 60, 900), Searched("oltp", 10, 80, 5_000), Searched("warehouse", 40, 300, 20_000))


def opened(officer: User, *, kind: Kind = Kind.ERASURE, law: Law = Law.GDPR, email: str = EMAIL, **more):  # type: ignore[no-untyped-def]
    more.setdefault("received_on", calendars.today(law))
    more.setdefault("verified_how", "account")
    return services.open_request(actor=officer, kind=kind, law=law, email=email, **more)


def place(source: str, *path: str, rows: int = 3, action: Action = Action.ERASE, **more) -> Place:  # type: ignore[no-untyped-def]
    fields = {
        "dataset": Dataset(source, path), "kind": "table", "reached_by": ReachedBy.KEY,
        "owners": (Owner("customer_id", "oltp.public.customers.id"),),
        "hops": ("customers.email", "charges.customer_id"), "rows": rows, "action": action,
        "why": "belongs to the person", "columns": (ColumnFate("email", True, "user.contact.email"),),
    }  # fmt: skip
    return Place(**{**fields, **more})


def a_plan(*places: Place, findings: tuple[Finding, ...] = (), held: tuple[HeldThing, ...] = ()) -> Plan:
    return Plan(places, findings, held, SEARCHED)


def usual_plan(rows: int = 3) -> Plan:
    kept = {"action": Action.KEEP, "ground": "anti-money-laundering law", "until": "2031-12-31"}
    return a_plan(
        place("oltp", "payments", "public", "customers", rows=1, action=Action.MASK),
        place("oltp", "payments", "public", "charges", rows=rows, **kept),
        place("documents", "payments", "sessions", rows=12),
        place("warehouse", "ANALYTICS", "CORE", "DIM_CUSTOMERS", rows=1, action=Action.MASK),
        findings=(Finding(FindingKind.SHARED, "a telephone number is shared with 1 other person", count=1),),
        held=(HeldThing("query results", "results of queries", 0, "rows"),),
    )


def blocking() -> Finding:
    message = "documents: notes was reached, and the governance file says nothing about it"
    return Finding(FindingKind.NO_RULE, message, blocking=True)


TRACE = Trace({"oltp.public.customers.id": frozenset({"cus_1"})}, {"email": frozenset({EMAIL})})


@transaction.atomic
def discovered(officer: User, plan: Plan | None = None, **more) -> SubjectRequest:  # type: ignore[no-untyped-def]
    """As the step of the search leaves it."""
    request = opened(officer, **more)
    run = running.start_search(actor=officer, request=request)
    outcomes.found(request, Discovery(usual_plan() if plan is None else plan, TRACE), ("cus_1",), run=run.pk)
    return request


@transaction.atomic
def undecided(officer: User, *names: str) -> SubjectRequest:
    request = opened(officer)
    run = running.start_search(actor=officer, request=request)
    people = tuple(Candidate(f"cus_{name}", {"name": name}, ("oltp: public.customers",)) for name in names)
    outcomes.several(request, Identified(people, ("oltp: public.customers",)), run=run.pk)
    return request


def planned(officer: User, **more) -> SubjectRequest:  # type: ignore[no-untyped-def]
    request = discovered(officer, **more)
    planning.freeze_plan(actor=officer, request=request)
    return request


def approved(officer: User, second: User, **more) -> SubjectRequest:  # type: ignore[no-untyped-def]
    request = planned(officer, **more)
    planning.approve(actor=second, request=request, sha256=plan_of(request).sha256)
    return request


def plan_of(request: SubjectRequest) -> SubjectPlan:
    plan = request.plans.first()
    assert plan is not None
    return plan


@transaction.atomic
def certified(officer: User, second: User, *, left: int = 0, silent: str = "") -> SubjectRequest:
    """As the last step of an erasure leaves it."""
    request = approved(officer, second)
    run = running.start_erasure(actor=officer, request=request)
    SubjectRequest.objects.filter(pk=request.pk).update(state="rescanning", changed_at=timezone.now())
    request.refresh_from_db()
    residues = [{"dataset": "oltp: public.notes", "column": "text", "rows": 1, "what": "a value of the person"}] * left
    held = [{"holder": "query results", "place": "results", "count": 0, "what": "rows", "keep": "", "silent": silent}]
    scan = {
        "complete": not left and not silent, "places_left": left, "residues": residues, "left_alone": 2, "held": held,
        "searched": [vars(each) for each in SEARCHED],
        "kept": [{"dataset": "oltp: public.charges", "rows": 3, "ground": "law", "until": "2031-12-31"}],
    }  # fmt: skip
    run.steps.filter(key="rescan").update(state="done", wait="", reason="", output=scan)
    done = [{"dataset": "documents: sessions", "action": "erase", "rows": 12}]
    inputs = {"erase-documents": {"done": done, "attempt": 2}, "holders": {"held": held}, "rescan": scan}
    outcomes.certified(request, inputs, run=run.pk)
    request.refresh_from_db()
    return request
