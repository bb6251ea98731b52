"""What the database itself refuses, whoever asks: tried past the services, as the account of web and workers."""

import hashlib

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.utils import timezone

from apps.compliance.requests import planning
from apps.compliance.requests.models import SubjectCertificate, SubjectPlan, SubjectRequest
from portal.accounts.models import User
from tests.compliance.requests.builders import approved, certified, discovered, opened, plan_of, planned


def refused(change) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(IntegrityError), transaction.atomic():
        change()


def approval(plan: SubjectPlan, by: User, **more: object) -> None:
    fields = {"approved_by": by, "approved_sha256": plan.sha256, "approved_at": timezone.now(), **more}
    SubjectPlan.objects.filter(pk=plan.pk).update(**fields)


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

    def change() -> None:
        SubjectRequest.objects.filter(pk=request.pk).update(opened_by=second_officer)

    refused(change)
    search = request.discoveries.get()
    content = "{}"
    forged = {
        "request": request, "number": 9, "content": content, "sha256": hashlib.sha256(content.encode()).hexdigest(),
        "discovery": search, "opened_by": second_officer, "planned_by": second_officer,
    }  # fmt: skip
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
    request = discovered(officer)
    fields = {
        "request": request, "number": 1, "content": "{}", "sha256": "0" * 64, "discovery": request.discoveries.get(),
        "opened_by": officer, "planned_by": officer,
    }  # fmt: skip
    refused(lambda: SubjectPlan.objects.create(**fields))


def test_a_plan_is_not_born_approved(officer: User, second_officer: User) -> None:
    request = discovered(officer)
    sha256 = hashlib.sha256(b"{}").hexdigest()
    fields = {
        "request": request, "number": 1, "content": "{}", "sha256": sha256, "discovery": request.discoveries.get(),
        "opened_by": officer, "planned_by": officer, "approved_by": second_officer, "approved_sha256": sha256,
        "approved_at": timezone.now(),
    }  # fmt: skip
    refused(lambda: SubjectPlan.objects.create(**fields))


@pytest.mark.parametrize("state", ["approved", "executing"])
def test_no_request_is_carried_out_without_its_newest_plan_approved(
    officer: User, second_officer: User, state: str
) -> None:
    bare, waiting = opened(officer), planned(officer)
    for request in (bare, waiting):
        refused(lambda request=request: SubjectRequest.objects.filter(pk=request.pk).update(state=state))
    ready = approved(officer, second_officer)
    SubjectRequest.objects.filter(pk=ready.pk).update(state=state)


def test_complete_is_what_a_search_has_proven(officer: User) -> None:
    request = opened(officer)
    found = SubjectRequest.objects.filter(pk=request.pk)
    for proof in ({}, {"residual": 1, "silent": 0}, {"residual": 0, "silent": 1}, {"residual": 0}):
        refused(lambda proof=proof: found.update(state="complete", **proof))
    found.update(state="complete", residual=0, silent=0)


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


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE compliance_subjectplan DISABLE TRIGGER ALL",
        "ALTER TABLE compliance_subjectplan DROP CONSTRAINT subject_plan_approved_by_another",
        "DROP TRIGGER compliance_plan_guard ON compliance_subjectplan",
        "DROP FUNCTION compliance_plan_guard() CASCADE",
        "SET session_replication_role = replica",
        "TRUNCATE compliance_subjectplan CASCADE",
    ],
)
def test_the_account_of_web_and_workers_cannot_lift_it(db: None, statement: str) -> None:
    with pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
