"""Saved queries as far as a person may see them; every version is decided about for whoever opens it."""

import difflib
import json
import uuid
from collections.abc import Sequence

from django.db.models import Exists, OuterRef, Q, QuerySet

from apps.queries.console import explain
from apps.queries.models import SavedComment, SavedQuery, SavedVersion
from apps.queries.saved.types import DiffLine, Draft, Opened
from apps.queries.sealing import open_sealed
from portal.accounts.models import User
from portal.accounts.selectors import Someone, roles_of
from portal.accounts.types import Purpose

LISTED = 200


def queries_for(person: Someone) -> QuerySet[SavedQuery]:
    """Their own, and those shared with a role that they hold now."""
    if not isinstance(person, User) or not person.is_active:
        return SavedQuery.objects.none()
    roles = [str(role) for role in roles_of(person)]
    return SavedQuery.objects.filter(Q(owner=person) | Q(shared_with__in=roles)).select_related("owner")


def query_for(person: Someone, key: uuid.UUID) -> SavedQuery:
    """Raises SavedQuery.DoesNotExist for what is not shared with them, as for what is not there."""
    return queries_for(person).get(pk=key)


def listed(person: User) -> list[tuple[SavedQuery, Draft, bool]]:
    """The newest changed ones with their head and whether the person marked them; favourites and then folders first."""
    marked = SavedQuery.favourite_of.through.objects.filter(savedquery=OuterRef("pk"), user=person)
    rows = list(queries_for(person).annotate(marked=Exists(marked))[:LISTED])
    heads = {
        one.query_id: one
        for one in SavedVersion.objects.filter(query__in=rows).order_by("number")  # the last one wins
    }
    found = [(row, draft_of(heads[row.pk]), bool(row.marked)) for row in rows]
    return sorted(found, key=lambda one: (not one[2], one[1].folder.lower(), one[1].title.lower()))


def draft_of(version: SavedVersion) -> Draft:
    return Draft(**json.loads(open_sealed(bytes(version.body), f"saved:{version.pk}")))


def opened(*, person: User, purpose: Purpose, query: SavedQuery, number: int) -> Opened:
    """Decides anew. Raises SavedVersion.DoesNotExist."""
    version = query.versions.get(number=number)
    draft = draft_of(version)
    explanation = explain(user=person, purpose=purpose, source=draft.source, text=draft.text, typed=draft.typed)
    hidden = explanation.refused is not None and query.owner_id != person.pk
    return Opened(number, explanation, None if hidden else draft)


def difference(before: Draft, after: Draft) -> Sequence[DiffLine]:
    """The lines of both, in order; empty where the texts are the same."""
    if before.text == after.text:
        return []
    lines = difflib.ndiff(before.text.splitlines(), after.text.splitlines())
    return [DiffLine(line[0], line[2:]) for line in lines if line[0] != "?"]


def comments_of(query: SavedQuery) -> list[tuple[SavedComment, str]]:
    return [(one, comment_text(one)) for one in query.comments.select_related("author")]


def comment_text(comment: SavedComment) -> str:
    return open_sealed(bytes(comment.body), f"comment:{comment.pk}").decode()
