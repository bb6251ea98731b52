"""Proposing, deciding, retiring, running. The trail holds ids, audiences and counts, never what was typed."""

import uuid
from collections.abc import Iterable, Mapping

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.queries.library import checks, notices
from apps.queries.library.contracts import basis_of, contract_of
from apps.queries.library.keeping import content_of, digest_of, sealed_content, seen_of, write_step
from apps.queries.library.models import LibraryEntry
from apps.queries.library.selectors import entries_for, may_review
from apps.queries.library.types import (
    ABOUT,
    ENTRY,
    LIVE,
    LONGEST_WORDS,
    SHORTEST_WORDS,
    Audience,
    Content,
    Contract,
    Invalid,
    State,
    Topic,
)
from apps.queries.models import Execution, SavedQuery
from apps.queries.parameters import Typed
from apps.queries.saved.selectors import draft_of
from apps.queries.services import start_execution
from portal.accounts.models import User
from portal.accounts.selectors import purposes_of
from portal.audit.actions import Action
from portal.audit.services import record
from portal.audit.types import Actor, Target
from portal.workflow import StaleState, move


def propose(
    *, actor: Actor, user: User, query: SavedQuery, number: int, audience: Audience, topic: Topic, about: str
) -> LibraryEntry:
    """Seals the library's own copy of that version. Raises Invalid, PermissionDenied, SavedVersion.DoesNotExist."""
    if query.owner_id != user.pk:
        raise PermissionDenied("Only its owner proposes a saved query.")
    draft = draft_of(query.versions.get(number=number))
    content = Content(draft.title, about_in(about), draft.text, draft.parameters)
    key = uuid.uuid4()
    with transaction.atomic():
        not_twice(query, number, audience)
        entry = LibraryEntry(
            id=key, query=query, number=number, author=user, author_name=user.label, role=str(audience.role)
        )
        entry.purpose, entry.topic, entry.source = str(audience.purpose), str(topic), draft.source
        entry.body, entry.digest = sealed_content(key, content), digest_of(content)
        create(entry)
        step(entry, State.PROPOSED, user, ())
        record(actor=actor, action=Action.LIBRARY_PROPOSED, target=target_of(entry), detail=told(entry))
        notices.to_review(entry, f"{user.label} proposes a query for every {audience}")
    return entry


def create(entry: LibraryEntry) -> None:
    try:
        with transaction.atomic():
            entry.save(force_insert=True)
    except IntegrityError:
        raise Invalid("A version of it is proposed for this audience already: withdraw that one first.") from None


def not_twice(query: SavedQuery, number: int, audience: Audience) -> None:
    found = LibraryEntry.objects.filter(query=query, number=number, role=audience.role, purpose=audience.purpose)
    if found.filter(state__in=LIVE).exists():
        raise Invalid("This version is in the library for this audience already.")


def about_in(value: str) -> str:
    text = " ".join(value.replace("\0", "").split())
    if not SHORTEST_WORDS <= len(text) <= ABOUT:
        raise Invalid(f"Say in {SHORTEST_WORDS} to {ABOUT} characters what it answers.")
    return text


def words_in(value: str) -> str:
    text = value.replace("\0", "").strip()
    if not SHORTEST_WORDS <= len(text) <= LONGEST_WORDS:
        raise Invalid(f"Give the reason in {SHORTEST_WORDS} to {LONGEST_WORDS:,} characters.")
    return text


def approve(*, actor: Actor, user: User, entry: LibraryEntry, seen: str, note: str = "") -> Contract:
    """Agrees to the contract as it is now; `seen` (`keeping.seen_of`) is what the reviewer was shown. Whatever version
    was in force for the audience is retired. Raises Invalid, StaleState, PermissionDenied."""
    with transaction.atomic():
        row = reviewable(user, entry)
        content = content_of(row)
        contract = contract_of(row.audience, row.source, content)
        if not isinstance(contract, Contract):
            raise Invalid(f"It is refused to its audience: {contract.message}")
        if seen != seen_of(content, contract):
            raise StaleState("It is not what you were shown any more: look at it again.")
        supersede(actor=actor, entry=row)
        enforce(actor=actor, entry=row, contract=contract, words=[note.strip()[:LONGEST_WORDS]], user=user)
        notices.reviewed(row)
        notices.to_author(row, f"{user.label} approved your query for every {row.audience}")
    return contract


def enforce(*, actor: Actor, entry: LibraryEntry, contract: Contract, words: Iterable[str], user: User | None) -> None:
    now, basis = timezone.now(), basis_of(entry.audience, entry.source)
    masked = sum(column.masking != "no" for column in contract.columns)
    move(
        ENTRY,
        entry,
        State.APPROVED,
        actor=actor,
        detail={**told(entry), **checks.rests_on(basis), "datasets": list(contract.datasets), "masked": masked},
        approved_by=user,
        changed_at=now,
        checked_at=now,
        policy_version=basis.policy_version,
        schema_revision=basis.schema_revision,
        sight=basis.sight,
    )
    step(entry, State.APPROVED, user, [word for word in words if word], contract=contract, name=actor.name)


def supersede(*, actor: Actor, entry: LibraryEntry) -> None:
    """One version is in force for an audience: the other one's contract was about another text."""
    same = {"key": entry.key} if entry.key else {"query_id": entry.query_id, "role": entry.role}
    if not entry.key and entry.query_id is None:
        return
    if not entry.key:
        same["purpose"] = entry.purpose
    for old in LibraryEntry.objects.select_for_update().filter(**same, state__in=LIVE).exclude(pk=entry.pk):
        move(ENTRY, old, State.RETIRED, actor=actor, detail={"superseded_by": entry.number}, changed_at=timezone.now())
        step(old, State.RETIRED, None, [f"Version {entry.number} took its place."], name=actor.name)
        notices.reviewed(old)


def send_back(*, actor: Actor, user: User, entry: LibraryEntry, reason: str) -> None:
    """Raises Invalid, StaleState, PermissionDenied."""
    words = words_in(reason)
    with transaction.atomic():
        row = reviewable(user, entry)
        if row.state != State.PROPOSED:
            raise StaleState("Only a proposal is sent back: retire what was approved.")
        move(ENTRY, row, State.SENT_BACK, actor=actor, changed_at=timezone.now())
        step(row, State.SENT_BACK, user, [words])
        notices.reviewed(row)
        notices.to_author(row, f"{user.label} sent your query back, with the reason")


def withdraw(*, actor: Actor, user: User, entry: LibraryEntry) -> None:
    """Raises StaleState, PermissionDenied."""
    if entry.author_id != user.pk:
        raise PermissionDenied("Only its author withdraws a proposal.")
    with transaction.atomic():
        row = locked(entry, State.PROPOSED)
        move(ENTRY, row, State.WITHDRAWN, actor=actor, changed_at=timezone.now())
        step(row, State.WITHDRAWN, user, ())
        notices.reviewed(row)


def retire(*, actor: Actor, user: User, entry: LibraryEntry, reason: str) -> None:
    """By its author or a reviewer. Raises Invalid, StaleState, PermissionDenied."""
    if entry.author_id != user.pk and not may_review(user):
        raise PermissionDenied("Its author or a reviewer retires a query.")
    words = words_in(reason)
    with transaction.atomic():
        row = locked(entry, *LIVE)
        move(ENTRY, row, State.RETIRED, actor=actor, changed_at=timezone.now())
        step(row, State.RETIRED, user, [words])
        notices.reviewed(row)
        if row.author_id != user.pk:
            notices.to_author(row, f"{user.label} retired your query, with the reason")


def run(*, actor: Actor, user: User, entry: LibraryEntry, typed: Mapping[str, Typed]) -> Execution:
    """As any query of this person: under their own masks, for the purpose that was approved, which their roles have to
    allow. Raises Invalid for what is not in force, Unfit, PermissionDenied."""
    if not entries_for(user).filter(pk=entry.pk).exists():
        raise PermissionDenied("This query is not in your library.")
    row = checks.checked(entry)
    if row.state != State.APPROVED:
        raise Invalid("It is not approved as it stands, so it does not run as an approved query.")
    if row.audience.purpose not in purposes_of(user):
        raise Invalid(f"It was approved for {row.audience.purpose.label}, which your roles do not allow.")
    content = content_of(row)
    with transaction.atomic():
        found = start_execution(
            actor=actor,
            user=user,
            purpose=row.audience.purpose,
            source=row.source,
            text=content.text,
            typed={**content.typed, **typed},
        )
        Execution.objects.filter(pk=found.pk).update(entry=row)
        detail = {"execution": str(found.pk), "state": found.status}
        record(actor=actor, action=Action.LIBRARY_RUN, target=target_of(row), detail=detail)
    return found


def locked(entry: LibraryEntry, *states: State) -> LibraryEntry:
    row = LibraryEntry.objects.select_for_update().get(pk=entry.pk)
    if row.state not in states:
        raise StaleState("Somebody has decided about it meanwhile: look at it again.")
    return row


def reviewable(user: User, entry: LibraryEntry) -> LibraryEntry:
    if not may_review(user):
        raise PermissionDenied("Stewards and compliance officers review.")
    row = locked(entry, State.PROPOSED, State.QUARANTINED)
    if row.author_id == user.pk:
        raise PermissionDenied("Another person reviews: you wrote it.")
    return row


def step(
    entry: LibraryEntry,
    state: State,
    person: User | None,
    words: Iterable[str],
    *,
    contract: Contract | None = None,
    name: str = "",
) -> None:
    shown = person.label if person else name
    write_step(entry=entry, state=state, name=shown, person=person, words=words, contract=contract)


def target_of(entry: LibraryEntry) -> Target:
    return checks.target_of(entry)


def told(entry: LibraryEntry) -> dict[str, object]:
    return {
        "version": entry.number,
        "role": entry.role,
        "purpose": entry.purpose,
        "source": entry.source,
        "content": entry.digest,
    }
