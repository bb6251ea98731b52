"""The library as far as a person may see it. An entry's title and purpose are for its whole audience; its text and
contract name tables, and so are for those to whom the gate allows the text, its author, and reviewers."""

import uuid
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from apps.queries.console import Explanation, explain
from apps.queries.library.keeping import Told, agreement_of, content_of, told_in
from apps.queries.library.models import LibraryEntry, LibraryStep
from apps.queries.library.types import LIVE, REVIEWERS, Content, Contract, State
from apps.queries.models import Execution
from portal.accounts.models import User
from portal.accounts.selectors import Someone, has_role, purposes_of, roles_of

LISTED, RUNS = 500, 10


@dataclass(frozen=True)
class Line:
    entry: LibraryEntry
    content: Content


@dataclass(frozen=True)
class Step:
    step: LibraryStep
    told: Told


@dataclass(frozen=True)
class Opened:
    """`whole`: text, contract and reasons may be shown. `runs`: the person could run it, were it in force."""

    entry: LibraryEntry
    content: Content
    explanation: Explanation
    contract: Contract | None
    steps: list[Step]
    whole: bool
    runs: bool

    @property
    def why(self) -> tuple[str, ...]:
        """What its last move said: why it is quarantined, sent back or retired."""
        return self.steps[-1].told.words if self.steps and self.entry.state != State.APPROVED else ()


def may_review(person: Someone) -> bool:
    return has_role(person, *REVIEWERS)


def entries_for(person: Someone) -> QuerySet[LibraryEntry]:
    """What is approved for a role that they hold (quarantined included), what they wrote, and for reviewers all."""
    if not isinstance(person, User) or not roles_of(person):
        return LibraryEntry.objects.none()
    rows = LibraryEntry.objects.select_related("query", "approved_by")
    if may_review(person):
        return rows
    held = [str(role) for role in roles_of(person)]
    return rows.filter(Q(author=person) | Q(role__in=held, state__in=LIVE))


def entry_for(person: Someone, key: uuid.UUID) -> LibraryEntry:
    """Raises LibraryEntry.DoesNotExist for what they may not know of, as for what is not there."""
    return entries_for(person).get(pk=key)


def listed(person: User, text: str = "", role: str = "") -> list[Line]:
    """In force, by topic and title; `text` is looked for in titles. Titles are sealed: the list is searched opened."""
    rows = entries_for(person).filter(state__in=LIVE)
    if role:
        rows = rows.filter(role=role)
    lines = [Line(row, content_of(row)) for row in rows[:LISTED]]
    found = [line for line in lines if text.lower() in line.content.title.lower()]
    return sorted(found, key=lambda line: (line.entry.topic, line.content.title.lower()))


def waiting_for(person: User) -> list[Line]:
    """What this person can decide about now."""
    if not may_review(person):
        return []
    rows = entries_for(person).filter(state__in=[State.PROPOSED, State.QUARANTINED]).exclude(author=person)
    return [Line(row, content_of(row)) for row in rows[:LISTED]]


def own(person: User) -> list[Line]:
    """What they proposed and is not in force."""
    rows = entries_for(person).filter(author=person).exclude(state__in=LIVE)
    return [Line(row, content_of(row)) for row in rows[:LISTED]]


def opened(person: User, entry: LibraryEntry) -> Opened:
    """Decides for the person anew, under the entry's purpose."""
    content = content_of(entry)
    explanation = explain(
        user=person, purpose=entry.audience.purpose, source=entry.source, text=content.text, typed=content.typed
    )
    allowed = explanation.refused is None
    return Opened(
        entry,
        content,
        explanation,
        agreement_of(entry),
        [Step(step, told_in(step)) for step in entry.steps.all()],
        whole=allowed or may_review(person) or entry.author_id == person.pk,
        runs=allowed and entry.audience.purpose in purposes_of(person),
    )


def predecessor_of(entry: LibraryEntry) -> LibraryEntry | None:
    """What is in force now in the place that an entry is proposed for."""
    if entry.query_id is None:
        return None
    rows = LibraryEntry.objects.filter(query=entry.query_id, role=entry.role, purpose=entry.purpose)
    return rows.filter(state__in=LIVE).exclude(pk=entry.pk).first()


def entries_of(person: User, query: uuid.UUID) -> list[LibraryEntry]:
    """The newest proposals of one saved query that the person may know of."""
    return list(entries_for(person).filter(query=query).order_by("-created_at")[:RUNS])


def runs_of(person: User, entry: LibraryEntry) -> list[Execution]:
    return list(Execution.objects.filter(owner=person, entry=entry)[:RUNS])
