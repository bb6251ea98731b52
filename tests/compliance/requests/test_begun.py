"""What has begun is brought to its end: nobody takes an erasure back in the middle, by a button or past it."""

from types import SimpleNamespace
from typing import cast

import pytest
from django.db import IntegrityError, transaction

from apps.compliance.requests import outcomes, planning, running, services, steps
from apps.compliance.requests.models import SubjectRequest
from apps.compliance.requests.types import Refused
from apps.compliance.subjects import ledger
from apps.compliance.subjects.types import Discovery
from portal.accounts.models import User
from portal.runs.models import Run
from portal.runs.types import StepContext, StepFailed
from tests.compliance.requests.builders import TRACE, approved, discovered, plan_of, planned, usual_plan


def begun(officer: User, second: User) -> SubjectRequest:
    """The ledger was entered: the first store may have been changed."""
    request = approved(officer, second)
    running.start_erasure(actor=officer, request=request)
    with transaction.atomic():
        ledger.enter(actor=steps.PORTAL, request=str(request.pk), plan=usual_plan(), trace=TRACE)
    return request


def end(request: SubjectRequest, state: str) -> None:
    Run.objects.filter(pk=request.run_id).update(state=state)


def test_only_a_plan_that_waits_is_sent_back_or_followed_by_another(officer: User, second_officer: User) -> None:
    request = begun(officer, second_officer)
    with pytest.raises(Refused, match="waits for approval"):
        planning.send_back(actor=officer, request=request)
    with pytest.raises(Refused, match="what a search found"):
        planning.freeze_plan(actor=officer, request=request)
    with pytest.raises(Refused, match="still at work"):
        running.start_rescan(actor=officer, request=request)
    searching = discovered(officer)
    running.start_search(actor=officer, request=searching)
    with pytest.raises(Refused, match="waits for approval"):
        planning.send_back(actor=officer, request=searching)
    waiting = planned(officer)
    planning.send_back(actor=second_officer, request=waiting)
    assert waiting.state == "discovered"


def test_what_has_begun_is_neither_withdrawn_nor_refused(officer: User, second_officer: User) -> None:
    for state in ("discovered", "approved"):
        again = discovered(officer) if state == "discovered" else approved(officer, second_officer)
        with transaction.atomic():
            ledger.enter(actor=steps.PORTAL, request=str(again.pk), plan=usual_plan(), trace=TRACE)
        with pytest.raises(Refused, match="has begun"):
            services.cancel(actor=officer, request=again)
        with pytest.raises(Refused, match="has begun"):
            services.refuse(actor=officer, request=again, ground="claims")
        with pytest.raises(IntegrityError, match="has begun"), transaction.atomic():
            SubjectRequest.objects.filter(pk=again.pk).update(state="cancelled")


def test_an_erasure_goes_back_by_what_its_run_found_alone(officer: User, second_officer: User) -> None:
    request = begun(officer, second_officer)
    with pytest.raises(IntegrityError, match="found anything else"), transaction.atomic():
        SubjectRequest.objects.filter(pk=request.pk).update(state="discovered")
    other = Discovery(usual_plan(rows=9), TRACE)
    with transaction.atomic():
        outcomes.stale(request, other, ("cus_1",), run=request.run_id or 0, plan=plan_of(request).number)
    assert request.state == "discovered"


def test_after_a_run_that_failed_what_is_left_is_searched(officer: User, second_officer: User) -> None:
    request = begun(officer, second_officer)
    end(request, "failed")
    run = running.start_rescan(actor=second_officer, request=request)
    assert (request.state, request.run_id) == ("rescanning", run.pk)
    assert sorted(step.key for step in run.steps.all()) == ["certify", "rescan"]


def test_no_step_works_on_a_request_that_went_on_without_it(officer: User, second_officer: User) -> None:
    request = approved(officer, second_officer)
    run = running.start_erasure(actor=officer, request=request)
    params = {"plan": plan_of(request).pk, "request": str(request.pk)}
    context = cast(StepContext, SimpleNamespace(run_id=run.pk, params=params))
    assert steps.plan_of(context)[0].request_id == request.pk
    with transaction.atomic():
        outcomes.stale(request, Discovery(usual_plan(rows=9), TRACE), ("cus_1",), run=run.pk, plan=1)
    with pytest.raises(StepFailed, match="another run"):
        steps.plan_of(context)
