"""What the database itself refuses, whoever asks: tried past the services, as the account of web and workers."""

import hashlib
from typing import Any

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.utils import timezone

from apps.compliance.requests import certificates, planning, running
from apps.compliance.requests.flow import REQUEST
from apps.compliance.requests.models import SubjectCertificate, SubjectDiscovery, SubjectPlan, SubjectRequest
from apps.compliance.requests.types import Kind, State
from apps.compliance.subjects.types import Plan
from portal.accounts.models import User
from portal.audit.services import canonical
from portal.runs.models import Step
from tests.compliance.requests.builders import (
    a_plan,
    approved,
    certified,
    discovered,
    opened,
    plan_of,
    planned,
    usual_plan,
)

PROVEN = {"residual": 0, "silent": 0}


def refused(change, match: str | None = None) -> None:  # type: ignore[no-untyped-def]
    """Every refusal that is about a certificate or a move says why: another guard's would prove nothing."""
    with pytest.raises(IntegrityError, match=match), transaction.atomic():
        change()


def approval(plan: SubjectPlan, by: User, **more: object) -> None:
    fields = {"approved_by": by, "approved_sha256": plan.sha256, "approved_at": timezone.now(), **more}
    SubjectPlan.objects.filter(pk=plan.pk).update(**fields)


def plan_fields(request: SubjectRequest, planner: User, *, found: Plan | None = None) -> dict[str, Any]:
    plan = found or usual_plan()
    content = canonical({"digest": plan.digest, "plan": plan.as_json()})
    return {
        "request": request, "number": 1, "content": content, "sha256": hashlib.sha256(content.encode()).hexdigest(),
        "discovery": request.discoveries.first(), "opened_by": request.opened_by, "planned_by": planner,
    }  # fmt: skip


def rescanning(officer: User, second: User) -> SubjectRequest:
    request = approved(officer, second)
    running.start_erasure(actor=officer, request=request)
    SubjectRequest.objects.filter(pk=request.pk).update(state="rescanning")
    request.refresh_from_db()
    return request


def scan(**more: object) -> dict[str, Any]:
    return {"complete": True, "places_left": 0, "residues": [], "held": [], "searched": [], "kept": [], **more}


def run_step(request: SubjectRequest, output: dict[str, Any]) -> None:
    """What the search after the work left behind."""
    Step.objects.filter(run_id=request.run_id, key="rescan").update(state="done", wait="", output=output)


def certificate(
    request: SubjectRequest, found: dict[str, Any], *, complete: bool = True, says: dict[str, Any] | None = None
) -> None:
    """Written as the step writes it, with the event; `says` is what it says instead."""
    inputs = {"holders": {}, "rescan": found}
    assert request.run_id is not None
    body = certificates.body(
        request, inputs, run=request.run_id, complete=complete, at=timezone.now(), until=None
    )  # fmt: skip
    certificates.write(request, {**body, **(says or {})}, complete=complete)


def test_who_planned_cannot_approve(officer: User, second_officer: User) -> None:
    plan = plan_of(planned(officer))
    refused(lambda: approval(plan, officer))
    approval(plan, second_officer)


def test_who_opened_cannot_approve_what_another_planned(officer: User, second_officer: User) -> None:
    request = discovered(officer)
    plan = planning.freeze_plan(actor=second_officer, request=request)
    refused(lambda: approval(plan, officer))
    refused(lambda: approval(plan, second_officer))


def test_the_opener_cannot_be_made_somebody_else(officer: User, second_officer: User) -> None:
    """Neither on the plan nor on the request, so that who opened it could approve after all."""
    request = planned(officer)
    refused(lambda: SubjectPlan.objects.filter(request=request).update(opened_by=second_officer))
    refused(lambda: SubjectRequest.objects.filter(pk=request.pk).update(opened_by=second_officer))
    forged = plan_fields(discovered(officer), second_officer) | {"opened_by": second_officer}
    refused(lambda: (SubjectPlan.objects.create(**forged), connection.check_constraints()))


def test_an_approval_names_the_hash_and_the_moment(officer: User, second_officer: User) -> None:
    plan = plan_of(planned(officer))
    refused(lambda: approval(plan, second_officer, approved_sha256="0" * 64))
    refused(lambda: approval(plan, second_officer, approved_at=None))


@pytest.mark.parametrize(
    "change",
    [
        {"content": "{}"},
        {"content": "{}", "sha256": hashlib.sha256(b"{}").hexdigest()},
        {"sha256": "0" * 64},
        {"number": 7},
        {"planned_at": timezone.now()},
    ],
)
def test_a_frozen_plan_does_not_change(officer: User, change: dict) -> None:  # type: ignore[type-arg]
    request = planned(officer)
    refused(lambda: SubjectPlan.objects.filter(request=request).update(**change))


def test_an_approved_plan_does_not_change_nor_lose_its_approval(officer: User, second_officer: User) -> None:
    request = approved(officer, second_officer)
    plans = SubjectPlan.objects.filter(request=request)
    refused(lambda: plans.update(approved_by=None, approved_sha256="", approved_at=None))
    refused(lambda: plans.update(approved_at=timezone.now()))
    refused(lambda: plans.update(content="{}"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM compliance_subjectplan")

    def delete() -> None:
        with connection.cursor() as raw:
            raw.execute("DELETE FROM compliance_subjectplan")

    refused(delete)


def test_a_plan_whose_hash_is_not_its_own_is_not_kept(officer: User) -> None:
    fields = plan_fields(discovered(officer), officer)
    refused(lambda: SubjectPlan.objects.create(**{**fields, "sha256": "0" * 64}))
    SubjectPlan.objects.create(**fields)


def test_a_plan_says_what_the_newest_search_of_its_request_found(officer: User) -> None:
    request, other = discovered(officer), discovered(officer, a_plan(), kind=Kind.ERASURE)
    theirs = {"discovery": other.discoveries.get()}
    refused(lambda: SubjectPlan.objects.create(**{**plan_fields(request, officer), **theirs}))
    refused(lambda: SubjectPlan.objects.create(**plan_fields(request, officer, found=usual_plan(rows=4))))
    access = discovered(officer, kind=Kind.ACCESS)
    refused(lambda: SubjectPlan.objects.create(**plan_fields(access, officer)))
    early = opened(officer)
    refused(lambda: SubjectPlan.objects.create(**{**plan_fields(request, officer), "request": early}))


def test_a_plan_is_not_born_approved(officer: User, second_officer: User) -> None:
    fields = plan_fields(discovered(officer), officer)
    approval = {"approved_by": second_officer, "approved_sha256": fields["sha256"], "approved_at": timezone.now()}
    refused(lambda: SubjectPlan.objects.create(**fields, **approval))


@pytest.mark.parametrize("state", ["approved", "executing"])
def test_no_request_is_carried_out_without_its_newest_plan_approved(
    officer: User, second_officer: User, state: str
) -> None:
    bare, waiting = opened(officer), planned(officer)
    for request in (bare, waiting):
        refused(lambda request=request: SubjectRequest.objects.filter(pk=request.pk).update(state=state))
    ready = approved(officer, second_officer)
    SubjectRequest.objects.filter(pk=ready.pk).update(state=state)


def test_an_approval_is_of_the_newest_plan_while_it_waits_for_one(officer: User, second_officer: User) -> None:
    request = planned(officer)
    old = plan_of(request)
    planning.send_back(actor=officer, request=request)
    refused(lambda: approval(old, second_officer))
    planning.freeze_plan(actor=officer, request=request)
    refused(lambda: approval(old, second_officer))
    approval(plan_of(request), second_officer)


def test_complete_is_what_a_search_has_proven(officer: User, second_officer: User) -> None:
    """The certificate is there and says so, and yet the row must say it, too."""
    request = rescanning(officer, second_officer)
    run_step(request, scan())
    certificate(request, scan())
    found = SubjectRequest.objects.filter(pk=request.pk)
    for proof in ({}, {"residual": 1, "silent": 0}, {"residual": 0, "silent": 1}, {"residual": 0}):
        refused(lambda proof=proof: found.update(state="complete", **proof))
    found.update(state="complete", **PROVEN)
    connection.check_constraints()


@pytest.mark.parametrize(
    "change",
    [
        {"state": "done"},
        {"kind": "restrict"},
        {"law": "hipaa"},
        {"verified_how": "", "state": "verified"},
        {"verified_how": "guessed"},
        {"state": "refused", "ground": ""},
        {"state": "refused", "ground": "tired"},
        {"extended_for": "tired"},
    ],
)
def test_only_words_that_mean_something(officer: User, change: dict) -> None:  # type: ignore[type-arg]
    request = opened(officer)
    refused(lambda: SubjectRequest.objects.filter(pk=request.pk).update(**change))


def test_a_certificate_does_not_change(officer: User, second_officer: User) -> None:
    request = certified(officer, second_officer)
    refused(lambda: SubjectCertificate.objects.filter(request=request).update(complete=False))
    refused(lambda: SubjectCertificate.objects.filter(request=request).delete())


def test_the_moves_are_those_of_the_flow(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT before, after FROM compliance_request_edges()")
        known = cursor.fetchall()
    assert len(known) == len(set(known))
    assert set(known) == {(str(before), str(after)) for before, found in REQUEST.moves.items() for after in found}


def test_a_request_moves_along_the_flow_alone(officer: User, second_officer: User) -> None:
    """Also one that was never searched, and one that is over."""
    bare, done = opened(officer), certified(officer, second_officer)
    for state in set(State) - set(REQUEST.moves[State.VERIFIED]) - {State.VERIFIED}:
        refused(
            lambda state=state: SubjectRequest.objects.filter(pk=bare.pk).update(state=state, **PROVEN),
            "is not a move|without an approved",
        )
    for state in set(State) - {State.COMPLETE}:
        change = {"state": state, "ground": "claims"}
        refused(
            lambda change=change: SubjectRequest.objects.filter(pk=done.pk).update(**change),
            "is not a move|without an approved",
        )
    born = {field: getattr(bare, field) for field in ("kind", "law", "digest", "clock", "received_on", "due_on")}
    late = {"due_at": bare.due_at, "opened_by": officer, "verified_how": "account", **PROVEN}
    refused(lambda: SubjectRequest.objects.create(**born, **late, state="complete"), "begins as")


def test_no_move_says_what_nobody_did(officer: User, second_officer: User) -> None:
    found = discovered(officer)
    why = {"planned": "no plan", "packaging": "answers an access", "rescanning": "something was found"}
    for state, said in why.items():
        refused(lambda state=state: SubjectRequest.objects.filter(pk=found.pk).update(state=state), said)
    searching = opened(officer)
    running.start_search(actor=officer, request=searching)
    refused(lambda: SubjectRequest.objects.filter(pk=searching.pk).update(state="discovered"), "nothing was searched")
    worked = rescanning(officer, second_officer)
    for state in ("complete", "incomplete"):
        refused(
            lambda state=state: SubjectRequest.objects.filter(pk=worked.pk).update(state=state, **PROVEN),
            "no certificate",
        )


def test_where_nothing_was_found_nothing_is_approved(officer: User) -> None:
    request = discovered(officer, a_plan())
    running.start_rescan(actor=officer, request=request)
    run_step(request, scan())
    found = scan()
    certificates.write(
        request, certificates.body(request, {"rescan": found}, run=request.run_id, complete=True, at=timezone.now(),
                                   until=None), complete=True,
    )  # fmt: skip
    SubjectRequest.objects.filter(pk=request.pk).update(state="complete", **PROVEN)
    connection.check_constraints()


@pytest.mark.parametrize(
    "change", [{"kind": "access"}, {"law": "ccpa"}, {"digest": "0" * 64}, {"received_on": "2026-01-05"}]
)
def test_what_was_asked_does_not_change(officer: User, change: dict[str, Any]) -> None:
    request = opened(officer)
    refused(lambda: SubjectRequest.objects.filter(pk=request.pk).update(**change))


def test_a_request_and_its_searches_are_not_deleted(officer: User) -> None:
    request = discovered(officer)
    with connection.cursor() as cursor:
        for table in ("compliance_subjectdiscovery", "compliance_subjectrequest"):
            refused(lambda table=table: cursor.execute(f"DELETE FROM {table}"))
    assert request.discoveries.count() == 1


@pytest.mark.parametrize(
    "change",
    [
        {"content": {"places": [], "findings": [], "held": [], "searched": [], "views": []}},
        {"sha256": "0" * 64},
        {"sha256": ""},
        {"people": 2},
        {"number": 7},
        {"chosen": b"somebody else"},
        {"candidates": b"somebody else"},
    ],
)
def test_what_a_search_found_does_not_change(officer: User, change: dict[str, Any]) -> None:
    """The text of a plan is hashed; who it is about stands in the search. What is recognised is brought up to date
    (`compare`), and all three go when the request is closed."""
    request = planned(officer)
    searches = SubjectDiscovery.objects.filter(request=request)
    refused(lambda: searches.update(**change))
    searches.update(trace=b"newer")
    searches.update(chosen=None, candidates=None, trace=None)


def test_a_search_is_written_by_a_run_that_searches(officer: User) -> None:
    request = planned(officer)
    more = {"content": usual_plan().as_json(), "sha256": usual_plan().digest, "people": 1}
    refused(lambda: SubjectDiscovery.objects.create(request=request, number=2, **more))
    running.start_search(actor=officer, request=request)
    refused(lambda: SubjectDiscovery.objects.create(request=request, number=0, **more))
    SubjectDiscovery.objects.create(request=request, number=2, **more)


@pytest.mark.parametrize("state", ["opened", "discovered", "planned", "executing"])
def test_nothing_is_certified_before_it_was_searched_again(officer: User, second_officer: User, state: str) -> None:
    if state == "executing":
        request = approved(officer, second_officer)
        running.start_erasure(actor=officer, request=request)
    else:
        request = {"opened": opened, "discovered": discovered, "planned": planned}[state](officer)
        request.run_id = request.run_id or 0  # no run yet
    run_step(request, scan())
    refused(lambda: certificate(request, scan()), "no step of this run|of its request, its run")


def test_a_certificate_says_what_the_search_of_its_run_found(officer: User, second_officer: User) -> None:
    request = rescanning(officer, second_officer)
    refused(lambda: certificate(request, scan()), "no step of this run")  # no search yet
    run_step(request, scan(complete=False, places_left=1))
    refused(lambda: certificate(request, scan()), "no step of this run")  # it found something
    left = scan(complete=False, places_left=1)
    refused(lambda: certificate(request, left), "no step of this run")  # and is not complete
    run_step(request, scan(places_left=1))
    refused(lambda: certificate(request, scan(places_left=1)), "no step of this run")
    run_step(request, scan())
    body = {"request": certificates.about(opened(officer))}
    refused(lambda: certificate(request, scan(), says=body), "of its request")
    refused(lambda: certificate(request, scan(), says={"run": 0}), "of its request")
    refused(lambda: certificate(request, scan(), says={"result": "incomplete"}), "of its request")
    refused(lambda: certificate(request, scan(), says={"plan": {"sha256": "0" * 64}}), "not approved")
    fields = {"content": "{}", "sha256": "0" * 64, "complete": True}
    refused(lambda: SubjectCertificate.objects.create(request=request, event_id=request.pk, **fields), "the hash")
    certificate(request, scan())
    SubjectRequest.objects.filter(pk=request.pk).update(state="complete", **PROVEN)


def test_the_trail_names_every_certificate(officer: User, second_officer: User) -> None:
    done, request = certified(officer, second_officer), rescanning(officer, second_officer)
    run_step(request, scan())
    at = timezone.now()
    content = canonical(
        certificates.body(request, {"rescan": scan()}, run=request.run_id or 0, complete=True, at=at, until=None)
    )
    fields = {"content": content, "sha256": hashlib.sha256(content.encode()).hexdigest(), "complete": True}
    for event in (request.pk, done.certificates.get().event_id):
        refused(
            lambda event=event: SubjectCertificate.objects.create(request=request, event_id=event, **fields),
            "the trail",
        )


def test_a_certificate_comes_with_the_state_that_it_means(officer: User, second_officer: User) -> None:
    request = rescanning(officer, second_officer)
    run_step(request, scan())
    refused(lambda: (certificate(request, scan()), connection.check_constraints()), "the state that")
    certificate(request, scan())
    refused(lambda: SubjectRequest.objects.filter(pk=request.pk).update(state="incomplete", **PROVEN))
    SubjectRequest.objects.filter(pk=request.pk).update(state="complete", **PROVEN)
    connection.check_constraints()


def test_no_temporary_table_is_taken_for_ours(db: None) -> None:
    """One of that name would stand before the real one, and say that somebody approved."""
    pinned = "SELECT proname FROM pg_proc WHERE proname LIKE 'compliance_%' AND prosrc ~ ' (FROM|JOIN) \\w+_\\w+'"
    with connection.cursor() as cursor:
        cursor.execute(f"{pinned} AND proconfig IS NULL")
        assert cursor.fetchall() == []
        cursor.execute(pinned)
        assert len(cursor.fetchall()) > 5


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE compliance_subjectplan DISABLE TRIGGER ALL",
        "ALTER TABLE compliance_subjectplan DROP CONSTRAINT subject_plan_approved_by_another",
        "DROP TRIGGER compliance_plan_guard ON compliance_subjectplan",
        "DROP FUNCTION compliance_plan_guard() CASCADE",
        "DROP TRIGGER compliance_request_moves ON compliance_subjectrequest",
        "ALTER FUNCTION compliance_request_edges() RENAME TO edges",
        "SET session_replication_role = replica",
        "TRUNCATE compliance_subjectplan CASCADE",
        "CREATE TEMPORARY TABLE compliance_subjectplan (id int)",
    ],
)
def test_the_account_of_web_and_workers_cannot_lift_it(db: None, statement: str) -> None:
    with pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
