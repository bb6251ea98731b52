"""Opening, verifying, extending, refusing and cancelling a request, and the deliberate look at whose it is.

Every actor here is a person: the second pair of eyes is about people.
"""

from collections.abc import Container
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from apps.compliance.requests import calendars, notices
from apps.compliance.requests.clock import Clock
from apps.compliance.requests.flow import KIND, REQUEST
from apps.compliance.requests.identity import clean_address, digest_of, seal
from apps.compliance.requests.models import SubjectRequest
from apps.compliance.requests.places import identity_place, note_place
from apps.compliance.requests.selectors import address_of, may_handle
from apps.compliance.requests.types import (
    EXTENSION_REASONS,
    GROUNDS,
    VERIFIED_HOW,
    Kind,
    Law,
    Refused,
    State,
)
from apps.compliance.subjects import ledger
from portal.accounts.models import User
from portal.audit.actions import Action
from portal.audit.services import record
from portal.audit.types import Actor, Target
from portal.workflow import move

OLDEST = timedelta(days=366)
LONGEST_NOTE = 2_000


def require_officer(person: User) -> None:
    """Raises Refused: pages ask before they show a button, and this asks again."""
    if not may_handle(person):
        raise Refused("Only a compliance officer works on requests of people.")


def target_of(request: SubjectRequest) -> Target:
    return Target(KIND, str(request.pk), str(request))


@transaction.atomic
def open_request(
    *, actor: User, kind: Kind, law: Law, email: str, received_on: date, verified_how: str = "", note: str = ""
) -> SubjectRequest:
    """Opens it, and counts it as verified if `verified_how` says how. Raises Refused, naming the field."""
    require_officer(actor)
    address = clean_address(email)
    check_received(law, received_on)
    check_choice(verified_how, ["", *VERIFIED_HOW], "verified_how")
    check_note(note)
    counted = calendars.clock_for(law, received_on, extended=False)
    request = SubjectRequest(
        kind=kind,
        law=law,
        digest=digest_of(address),
        received_on=received_on,
        opened_by=actor,
        **clock_fields(law, counted),
    )
    request.identity = seal(address.encode(), identity_place(request.pk))
    request.note = seal(note.strip().encode(), note_place(request.pk)) if note.strip() else None
    request.save(force_insert=True)
    record(
        actor=Actor.of(actor),
        action=Action.SUBJECT_OPENED,
        target=target_of(request),
        detail={"kind": kind, "law": law, "received_on": str(received_on), "due_on": str(counted.due_on)},
    )
    if verified_how:
        verify(actor=actor, request=request, how=verified_how)
    notices.refresh(request)
    return request


def check_received(law: Law, received_on: date) -> None:
    today = calendars.today(law)
    if received_on > today:
        raise Refused("A request cannot have been received after today.", "received_on")
    if today - received_on > OLDEST:
        raise Refused("That is more than a year ago: its time is long over. Check the year.", "received_on")


def check_choice(value: str, choices: Container[str], field: str) -> None:
    if value not in choices:
        raise Refused("Choose one of the options.", field)


def check_note(note: str) -> None:
    if len(note) > LONGEST_NOTE:
        raise Refused(f"A note has at most {LONGEST_NOTE} characters.", "note")
    if "\0" in note:
        raise Refused("The note holds the character U+0000.", "note")


def clock_fields(law: Law, counted: Clock) -> dict[str, object]:
    steps = [{"on": str(step.on), "what": step.what, "rule": step.rule} for step in counted.steps]
    return {"clock": steps, "due_on": counted.due_on, "due_at": calendars.due_at(law, counted.due_on)}


@transaction.atomic
def verify(*, actor: User, request: SubjectRequest, how: str) -> None:
    require_officer(actor)
    check_choice(how, VERIFIED_HOW, "verified_how")
    move(
        REQUEST, request, State.VERIFIED, actor=Actor.of(actor), detail={"how": how},
        verified_how=how, changed_at=timezone.now(),
    )  # fmt: skip


@transaction.atomic
def extend(*, actor: User, request: SubjectRequest, reason: str) -> None:
    """Two further months (GDPR art. 12(3)) or 45 days (11 CCR § 7021(b)), once, told to the person within the first
    period: so not after that is over."""
    require_officer(actor)
    check_choice(reason, EXTENSION_REASONS, "reason")
    locked = SubjectRequest.objects.select_for_update(no_key=True).get(pk=request.pk)
    if locked.closed_at is not None:
        raise Refused("The request is closed; there is nothing to extend.")
    if locked.extended_for:
        raise Refused("The time was extended before; the law allows it once.")
    if timezone.now() >= locked.due_at:
        raise Refused("The first period is over, and a person is told of an extension within it.")
    law = Law(locked.law)
    counted = calendars.clock_for(law, locked.received_on, extended=True)
    changes = {"extended_for": reason, "changed_at": timezone.now(), **clock_fields(law, counted)}
    SubjectRequest.objects.filter(pk=request.pk).update(**changes)
    request.refresh_from_db()
    record(
        actor=Actor.of(actor),
        action=Action.SUBJECT_EXTENDED,
        target=target_of(request),
        detail={"reason": reason, "due_before": str(locked.due_on), "due_on": str(counted.due_on)},
    )
    notices.refresh(request)


@transaction.atomic
def refuse(*, actor: User, request: SubjectRequest, ground: str) -> None:
    require_officer(actor)
    check_choice(ground, GROUNDS, "ground")
    close(actor=actor, request=request, to=State.REFUSED, detail={"ground": ground}, ground=ground)


@transaction.atomic
def cancel(*, actor: User, request: SubjectRequest) -> None:
    """The person withdrew it, before anything was erased."""
    require_officer(actor)
    close(actor=actor, request=request, to=State.CANCELLED, detail={})


def close(*, actor: User, request: SubjectRequest, to: State, detail: dict[str, object], ground: str = "") -> None:
    if ledger.has(str(request.pk)):
        raise Refused("The erasure has begun, and loads leave the person out: it can only be brought to its end.")
    now = timezone.now()
    move(
        REQUEST, request, to, actor=Actor.of(actor), detail=detail,
        closed_at=now, changed_at=now, identity_until=kept_until(), ground=ground,
    )  # fmt: skip
    forget_traces(request)
    notices.refresh(request)


def kept_until() -> datetime:
    return timezone.now() + timedelta(days=settings.SUBJECT_IDENTITY_DAYS)


def forget_traces(request: SubjectRequest) -> None:
    """What a search found of the person serves the work; when the work is over, nobody needs it."""
    request.discoveries.update(candidates=None, chosen=None, trace=None)


@transaction.atomic
def reveal(*, actor: User, request: SubjectRequest) -> str:
    """The whole address, for this once; the trail says who looked."""
    require_officer(actor)
    address = address_of(request)
    if address is None:
        raise Refused("The identity was deleted when its time was over.")
    record(actor=Actor.of(actor), action=Action.SUBJECT_REVEALED, target=target_of(request))
    return address
