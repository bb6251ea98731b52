"""What a request does, step by step, in this process."""

from django.db import transaction

from apps.compliance.subjects import discovery, erasure, ledger, rescan
from apps.compliance.subjects.types import Discovery, Done, Plan, Rescan, Subject, Trace
from tests.compliance.subjects.town import HOUSE


def go_on() -> None:
    """The check of a run that nobody stops."""


def quiet(rows: int) -> None:
    """Progress that nobody looks at."""


def found(email: str, *names: str) -> Discovery:
    return discovery.discover(subject=Subject(email, tuple(f"cus_{name}" for name in names)), check=go_on)


def erased(of: Discovery, request: str = "1") -> list[Done]:
    with transaction.atomic():
        ledger.enter(actor=HOUSE, request=request, plan=of.plan, trace=of.trace)
    return [
        done
        for source in of.plan.sources
        for done in erasure.erase(plan=of.plan, trace=of.trace, source=source, check=go_on, progress=quiet)
    ]


def again(plan: Plan, trace: Trace) -> Rescan:
    return rescan.rescan(plan=plan, trace=trace, check=go_on, progress=quiet)
