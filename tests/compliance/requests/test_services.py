"""The moves of a request: who may make them, what each leaves in the trail, and what is refused."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.compliance.requests import calendars, planning, running, services
from apps.compliance.requests.models import SubjectPlan, SubjectRequest
from apps.compliance.requests.selectors import candidates_of, chosen_keys, plan_in
from apps.compliance.requests.types import Kind, Law, Refused, State
from apps.compliance.subjects.types import HeldThing
from portal.accounts.models import User
from portal.audit.models import Event
from portal.runs.models import Run, Step
from portal.workflow import ForbiddenMove
from tests.compliance.requests.builders import (
    EMAIL,
    a_plan,
    approved,
    blocking,
    certified,
    discovered,
    opened,
    place,
    plan_of,
    planned,
    undecided,
)


def words(request: SubjectRequest) -> list[str]:
    return list(
        Event.objects.filter(target_kind="subject_request", target_id=str(request.pk))
        .order_by("at")
        .values_list("action", flat=True)
    )


def test_a_request_is_opened_with_its_clock(officer: User) -> None:
    request = opened(officer, verified_how="")
    assert request.state == State.RECEIVED
    assert request.due_on == calendars.clock_for(Law.GDPR, request.received_on, extended=False).due_on
    assert request.clock[0]["what"].startswith("received")
    assert words(request) == ["compliance.request_opened"]
    services.verify(actor=officer, request=request, how="reply")
    assert words(request)[-1] == "compliance.request_verified"
    assert (request.state, request.verified_how) == (State.VERIFIED, "reply")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"email": "nobody"}, "email"),
        ({"received_on": timezone.now().date() + timedelta(days=3)}, "received_on"),
        ({"received_on": timezone.now().date() - timedelta(days=500)}, "received_on"),
        ({"verified_how": "guessed"}, "verified_how"),
        ({"note": "x" * 2001}, "note"),
        ({"note": "a\0b"}, "note"),
    ],
)
def test_malformed_input_opens_nothing_and_names_the_field(officer: User, fields: dict, field: str) -> None:  # type: ignore[type-arg]
    with pytest.raises(Refused) as refused:
        opened(officer, **fields)
    assert refused.value.field == field
    assert not SubjectRequest.objects.exists()
    assert not Event.objects.filter(action__startswith="compliance.request").exists()


def test_nobody_but_an_officer_writes(officer: User, auditor: User, administrator: User, analyst: User) -> None:
    request = opened(officer)
    for person in (auditor, administrator, analyst):
        for act in (
            lambda person=person: opened(person),
            lambda person=person: services.verify(actor=person, request=request, how="reply"),
            lambda person=person: services.extend(actor=person, request=request, reason="many"),
            lambda person=person: services.refuse(actor=person, request=request, ground="claims"),
            lambda person=person: services.cancel(actor=person, request=request),
            lambda person=person: running.start_search(actor=person, request=request),
            lambda person=person: running.start_erasure(actor=person, request=request),
            lambda person=person: running.start_rescan(actor=person, request=request),
            lambda person=person: running.start_package(actor=person, request=request),
            lambda person=person: planning.freeze_plan(actor=person, request=request),
            lambda person=person: planning.approve(actor=person, request=request, sha256=""),
            lambda person=person: planning.send_back(actor=person, request=request),
            lambda person=person: planning.choose(actor=person, request=request, keys=["cus_1"]),
        ):
            with pytest.raises(Refused, match="compliance officer"):
                act()
    assert SubjectRequest.objects.count() == 1


def test_nobody_is_searched_for_before_they_are_verified(officer: User) -> None:
    request = opened(officer, verified_how="")
    with pytest.raises(Refused, match="Verify"):
        running.start_search(actor=officer, request=request)
    assert not Run.objects.exists()


def test_a_search_is_a_run_whose_parameters_are_ids(officer: User) -> None:
    request = opened(officer)
    run = running.start_search(actor=officer, request=request)
    assert (request.state, request.run_id) == (State.DISCOVERING, run.pk)
    assert [step.params for step in Step.objects.filter(run=run)] == [{"request": str(request.pk)}]
    assert run.started_by is None
    assert "kanarie" not in str(vars(run))
    with pytest.raises(Refused, match="still at work"):
        running.start_search(actor=officer, request=request)


def test_a_search_that_failed_gives_way_to_another(officer: User) -> None:
    request = opened(officer)
    first = running.start_search(actor=officer, request=request)
    Run.objects.filter(pk=first.pk).update(state="failed")
    second = running.start_search(actor=officer, request=request)
    assert request.run_id == second.pk != first.pk


def test_of_several_people_an_officer_chooses(officer: User) -> None:
    request = undecided(officer, "anna", "bert")
    search = request.discoveries.get()
    assert [each.shown["name"] for each in candidates_of(officer, search)] == ["anna", "bert"]
    for keys in ([], ["cus_eve"], ["cus_anna", "cus_eve"]):
        with pytest.raises(Refused):
            planning.choose(actor=officer, request=request, keys=keys)
    with pytest.raises(Refused, match="choose who it is"):
        planning.freeze_plan(actor=officer, request=request)
    planning.choose(actor=officer, request=request, keys=["cus_bert"])
    search.refresh_from_db()
    assert chosen_keys(search) == ("cus_bert",)
    assert request.state == State.DISCOVERING
    assert "anna" not in str(list(Event.objects.values_list("payload", flat=True)))


def test_candidates_are_for_officers_alone(officer: User, auditor: User) -> None:
    request = undecided(officer, "anna", "bert")
    assert list(candidates_of(auditor, request.discoveries.get())) == []


def test_a_plan_is_frozen_with_its_hash(officer: User) -> None:
    request = planned(officer)
    plan = plan_of(request)
    assert request.state == State.PLANNED
    assert plan.discovery == request.discoveries.first()
    assert plan_in(plan.discovery).digest in plan.content
    assert "kanarie" not in plan.content
    assert EMAIL not in plan.content
    event = Event.objects.get(action="compliance.plan_frozen")
    assert plan.sha256 in event.payload


def test_what_blocks_must_be_settled_first(officer: User) -> None:
    request = discovered(officer, a_plan(place("oltp", "payments", "public", "notes"), findings=(blocking(),)))
    with pytest.raises(Refused, match="1 findings must be settled"):
        planning.freeze_plan(actor=officer, request=request)
    access = discovered(officer, a_plan(findings=(blocking(),)), kind=Kind.ACCESS)
    with pytest.raises(Refused, match="hole in it"):
        running.start_package(actor=officer, request=access)


def test_another_officer_approves_that_hash(officer: User, second_officer: User) -> None:
    request = planned(officer)
    with pytest.raises(Refused, match="another than the one you saw"):
        planning.approve(actor=second_officer, request=request, sha256="0" * 64)
    planning.approve(actor=second_officer, request=request, sha256=plan_of(request).sha256)
    plan = plan_of(request)
    assert request.state == State.APPROVED
    assert (plan.approved_by, plan.approved_sha256) == (second_officer, plan.sha256)


def test_neither_who_opened_nor_who_planned_approves(officer: User, second_officer: User) -> None:
    own = planned(officer)
    with pytest.raises(Refused, match="Somebody else"):
        planning.approve(actor=officer, request=own, sha256=plan_of(own).sha256)
    of_another = discovered(officer, email="somebody@example.org")
    planning.freeze_plan(actor=second_officer, request=of_another)
    for person in (officer, second_officer):
        with pytest.raises(Refused, match="Somebody else"):
            planning.approve(actor=person, request=of_another, sha256=plan_of(of_another).sha256)
    assert not SubjectPlan.objects.exclude(approved_by=None).exists()


def test_a_plan_that_is_sent_back_is_not_the_one_that_is_approved(officer: User, second_officer: User) -> None:
    request = planned(officer)
    first = plan_of(request)
    planning.send_back(actor=second_officer, request=request)
    assert request.state == State.DISCOVERED
    second = planning.freeze_plan(actor=officer, request=request)
    assert second.number == 2
    with pytest.raises(Refused, match="another than the one you saw"):
        planning.approve(actor=second_officer, request=request, sha256=first.sha256)


def test_nothing_is_erased_without_approval(officer: User) -> None:
    request = planned(officer)
    with pytest.raises(Refused, match="approve"):
        running.start_erasure(actor=officer, request=request)
    assert request.state == State.PLANNED


def test_an_erasure_is_one_step_per_store_then_holders_rescan_certificate(officer: User, second_officer: User) -> None:
    request = approved(officer, second_officer)
    run = running.start_erasure(actor=officer, request=request)
    steps = list(run.steps.order_by("position"))
    assert [step.key for step in steps] == [
        "compare", "erase-documents", "erase-oltp", "erase-warehouse", "holders", "rescan", "certify",
    ]  # fmt: skip
    assert [step.after for step in steps[:3]] == [[], ["compare"], ["erase-documents"]]
    assert set(steps[-1].after) == {step.key for step in steps[:-1]}
    assert {name for step in steps for name in step.params} == {"request", "plan", "source"}
    assert (run.permission, run.control) == ("compliance.view_subjectrequest", "compliance.handle_subjectrequest")


def test_nobody_found_is_certified_without_a_second_person(officer: User) -> None:
    request = discovered(officer, a_plan())
    with pytest.raises(Refused, match="have it certified"):
        planning.freeze_plan(actor=officer, request=request)
    run = running.start_rescan(actor=officer, request=request)
    assert [step.key for step in run.steps.order_by("position")] == ["rescan", "certify"]
    assert request.state == State.RESCANNING


def test_a_holder_that_has_something_is_somebody_found(officer: User) -> None:
    held = (HeldThing("query results", "results", 2, "rows"),)
    request = discovered(officer, a_plan(held=held))
    with pytest.raises(Refused, match="Something was found"):
        running.start_rescan(actor=officer, request=request)
    planning.freeze_plan(actor=officer, request=request)


def test_time_is_extended_once_and_only_while_it_runs(officer: User) -> None:
    request = opened(officer, law=Law.CCPA)
    before = request.due_on
    services.extend(actor=officer, request=request, reason="complex")
    assert request.due_on - before >= timedelta(days=40)
    assert request.due_on == calendars.clock_for(Law.CCPA, request.received_on, extended=True).due_on
    with pytest.raises(Refused, match="once"):
        services.extend(actor=officer, request=request, reason="many")
    with pytest.raises(Refused):
        services.extend(actor=officer, request=opened(officer), reason="tired")
    late = opened(officer, received_on=calendars.today(Law.GDPR) - timedelta(days=50))
    with pytest.raises(Refused, match="first period is over"):
        services.extend(actor=officer, request=late, reason="many")


def test_refused_and_cancelled_end_it_and_forget_what_was_found(officer: User, second_officer: User) -> None:
    one, two = discovered(officer), discovered(officer)
    with pytest.raises(Refused):
        services.refuse(actor=officer, request=one, ground="")
    services.refuse(actor=officer, request=one, ground="claims")
    services.cancel(actor=officer, request=two)
    for request in (one, two):
        request.refresh_from_db()
        assert request.closed_at is not None
        assert request.identity_until is not None
        assert request.discoveries.get().trace is None
        with pytest.raises((Refused, ForbiddenMove)):
            running.start_search(actor=officer, request=request)
    running_one = approved(officer, second_officer)
    running.start_erasure(actor=officer, request=running_one)
    with pytest.raises(ForbiddenMove):
        services.cancel(actor=officer, request=running_one)


def test_only_the_rescan_makes_it_complete(officer: User, second_officer: User) -> None:
    done = certified(officer, second_officer)
    assert (done.state, done.residual, done.silent) == (State.COMPLETE, 0, 0)
    assert not done.discoveries.exclude(trace=None).exists()
    left = certified(officer, second_officer, left=2)
    assert (left.state, left.residual, left.closed_at) == (State.INCOMPLETE, 2, None)
    assert left.discoveries.exclude(trace=None).exists()
    silent = certified(officer, second_officer, silent="its disk is away")
    assert (silent.state, silent.silent) == (State.INCOMPLETE, 1)
    again = running.start_rescan(actor=officer, request=silent)
    assert [step.key for step in again.steps.order_by("position")] == ["holders", "rescan", "certify"]
