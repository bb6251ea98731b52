"""Whether what was agreed still holds. What does not is quarantined, with the reason in words; nothing is ever let out
again but by a reviewer."""

from collections.abc import Iterable, Sequence
from functools import cache

from django.db import transaction
from django.utils import timezone

from apps.queries.library import notices
from apps.queries.library.contracts import basis_of, broken, contract_of, over_cost
from apps.queries.library.keeping import agreement_of, content_of, write_step
from apps.queries.library.models import LibraryEntry
from apps.queries.library.types import ENTRY, KIND, Audience, Basis, State
from portal.audit.actions import Action
from portal.audit.services import record
from portal.audit.types import Actor, Target
from portal.workflow import StaleState, move

SYSTEM = Actor.system("library")


def checked(entry: LibraryEntry, basis: Basis | None = None) -> LibraryEntry:
    """The entry as it stands now. Decides anew only if a rule, the catalog or what the audience may know of has changed
    since; what the catalog counts is compared each time."""
    agreed = agreement_of(entry) if entry.state == State.APPROVED else None
    if agreed is None:
        return entry
    now = basis or basis_of(entry.audience, entry.source)
    if now == Basis(entry.policy_version, entry.schema_revision, entry.sight):
        why = over_cost(agreed)
    else:
        why = broken(agreed, contract_of(entry.audience, entry.source, content_of(entry)))
        if not why:
            holds(entry, now)
    if why:
        quarantine(actor=SYSTEM, entry=entry, why=why, basis=now)
    return entry


def recheck() -> int:
    """Every query in force, for the scheduler. Returns how many were quarantined."""

    @cache
    def basis(audience: Audience, source: str) -> Basis:
        return basis_of(audience, source)

    found = LibraryEntry.objects.filter(state=State.APPROVED)
    states = [checked(entry, basis(entry.audience, entry.source)).state for entry in found]
    return sum(state == State.QUARANTINED for state in states)


def holds(entry: LibraryEntry, basis: Basis) -> None:
    values = {
        "policy_version": basis.policy_version,
        "schema_revision": basis.schema_revision,
        "sight": basis.sight,
        "checked_at": timezone.now(),
    }
    with transaction.atomic():
        if LibraryEntry.objects.filter(pk=entry.pk, state=State.APPROVED).update(**values):
            record(actor=SYSTEM, action=Action.LIBRARY_CHECKED, target=target_of(entry), detail=rests_on(basis))
    for name, value in values.items():
        setattr(entry, name, value)


def quarantine(*, actor: Actor, entry: LibraryEntry, why: Sequence[str], basis: Basis | None = None) -> None:
    """It cannot be run as approved until a reviewer agrees anew. Two who find the same write it once."""
    detail = {"reasons": len(why), **(rests_on(basis) if basis else {})}
    now = timezone.now()
    try:
        with transaction.atomic():
            unchanged = {"changed_at": entry.changed_at}  # or somebody has agreed to something newer meanwhile
            move(
                ENTRY,
                entry,
                State.QUARANTINED,
                actor=actor,
                detail=detail,
                where=unchanged,
                changed_at=now,
                checked_at=now,
            )
            tell(entry, why, actor)
    except StaleState:
        entry.refresh_from_db()


def tell(entry: LibraryEntry, why: Iterable[str], actor: Actor) -> None:
    write_step(entry=entry, state=State.QUARANTINED, name=actor.name, person=None, words=why, contract=None)
    notices.to_review(entry, f"{str(entry).capitalize()} is quarantined: what was agreed no longer holds")
    notices.to_author(entry, "Your approved query is quarantined: what was agreed no longer holds")


def target_of(entry: LibraryEntry) -> Target:
    return Target(KIND, str(entry.pk), str(entry))


def rests_on(basis: Basis) -> dict[str, object]:
    return {"policy_version": basis.policy_version, "schema_revision": basis.schema_revision}
