"""Who is told of an entry. Titles name it by its number: its own title was typed, and may hold anything."""

from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from apps.queries.library.models import LibraryEntry
from apps.queries.library.types import KIND, REVIEWERS
from portal.accounts.selectors import people_with
from portal.notices.models import Notice
from portal.notices.services import notify, resolve

REVIEW, ANSWER = "library_review", "library_answer"
SHOWN_DAYS = 7


def to_review(entry: LibraryEntry, title: str) -> None:
    """To all who can decide: its author never does."""
    found = people_with(*REVIEWERS).exclude(pk=entry.author_id or 0)
    people = list(found.values_list("pk", flat=True))
    notify(
        kind=REVIEW,
        subject_kind=KIND,
        subject_id=str(entry.pk),
        title=title,
        url=reverse("queries:library-review", args=[entry.pk]),
        users=people,
        roles=[] if people else [str(role) for role in REVIEWERS],
    )


def to_author(entry: LibraryEntry, title: str) -> None:
    """A shipped query has none, and a person may have gone."""
    if entry.author_id is None:
        return
    notify(
        kind=ANSWER,
        subject_kind=KIND,
        subject_id=str(entry.pk),
        title=title,
        url=entry.get_absolute_url(),
        users=[entry.author_id],
    )


def reviewed(entry: LibraryEntry) -> None:
    resolve(kind=REVIEW, subject_kind=KIND, subject_id=str(entry.pk))


def forget_old() -> int:
    """An answer stays in the inbox for a week: nothing has to be done about it."""
    before = timezone.now() - timedelta(days=SHOWN_DAYS)
    old = Notice.objects.filter(kind=ANSWER, resolved_at=None, created_at__lt=before)
    return old.update(resolved_at=timezone.now())
