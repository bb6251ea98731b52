"""Writes of saved queries. The trail holds keyed digests of texts, never a text, a title or a comment."""

import json
import uuid
from dataclasses import asdict

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from apps.queries.models import SavedComment, SavedQuery, SavedVersion
from apps.queries.saved.selectors import queries_for
from apps.queries.saved.types import COMMENT, Draft, Invalid
from apps.queries.sealing import seal
from portal.accounts.models import User
from portal.accounts.types import Role
from portal.audit.actions import Action
from portal.audit.services import digest, record
from portal.audit.types import Actor, Target
from portal.workflow import StaleState


def save_query(*, actor: Actor, owner: User, draft: Draft) -> SavedQuery:
    """Raises Invalid."""
    draft = known(draft)
    with transaction.atomic():
        query = SavedQuery.objects.create(owner=owner)
        version(query, 1, draft)
        record(actor=actor, action=Action.QUERY_SAVED, target=target_of(query), detail=told(1, draft))
    return query


def revise_query(*, actor: Actor, user: User, query: SavedQuery, based_on: int, draft: Draft) -> int:
    """Adds a version and returns its number. Raises Invalid, and StaleState when somebody wrote another meanwhile."""
    owned(user, query)
    draft, number = known(draft), based_on + 1
    with transaction.atomic():
        found = SavedQuery.objects.filter(pk=query.pk, head=based_on)
        if not found.update(head=number, changed_at=timezone.now()):
            raise StaleState("There is a newer version: open it and change that one.")
        version(query, number, draft)
        record(actor=actor, action=Action.SAVED_REVISED, target=target_of(query), detail=told(number, draft))
    return number


def share_query(*, actor: Actor, user: User, query: SavedQuery, role: Role | None) -> None:
    """Whoever holds the role may read it, as far as the gate allows them its text; None ends that."""
    owned(user, query)
    with transaction.atomic():
        SavedQuery.objects.filter(pk=query.pk).update(shared_with=str(role or ""))
        record(
            actor=actor,
            action=Action.SAVED_SHARED,
            target=target_of(query),
            detail={"role": str(role) if role else None},
        )


def delete_query(*, actor: Actor, user: User, query: SavedQuery) -> None:
    owned(user, query)
    with transaction.atomic():
        record(actor=actor, action=Action.SAVED_DELETED, target=target_of(query), detail={"versions": query.head})
        query.delete()


def set_favourite(*, actor: Actor, user: User, query: SavedQuery, wanted: bool) -> None:
    readable(user, query)
    with transaction.atomic():
        if wanted:
            query.favourite_of.add(user)
        else:
            query.favourite_of.remove(user)
        action = Action.SAVED_FAVOURED if wanted else Action.SAVED_UNFAVOURED
        record(actor=actor, action=action, target=target_of(query))


def add_comment(*, actor: Actor, user: User, query: SavedQuery, text: str) -> SavedComment:
    """Raises Invalid."""
    readable(user, query)
    if not text.strip() or len(text) > COMMENT:
        raise Invalid(f"A comment has 1 to {COMMENT:,} characters.")
    key = uuid.uuid4()
    with transaction.atomic():
        row = SavedComment.objects.create(id=key, query=query, author=user, body=sealed_comment(key, text.strip()))
        record(actor=actor, action=Action.SAVED_COMMENTED, target=target_of(query), detail={"comment": str(key)})
    return row


def version(query: SavedQuery, number: int, draft: Draft) -> SavedVersion:
    key = uuid.uuid4()
    return SavedVersion.objects.create(
        id=key, query=query, number=number, source=draft.source, body=sealed_draft(key, draft)
    )


def sealed_draft(key: uuid.UUID, draft: Draft) -> bytes:
    return seal(json.dumps(asdict(draft)).encode(), f"saved:{key}")


def sealed_comment(key: uuid.UUID, text: str) -> bytes:
    return seal(text.encode(), f"comment:{key}")


def known(draft: Draft) -> Draft:
    if draft.source not in settings.STORES:
        raise Invalid(f"Choose a source: {', '.join(settings.STORES)}.")
    return draft.checked()


def owned(user: User, query: SavedQuery) -> None:
    if query.owner_id != user.pk:
        raise PermissionDenied("Only its owner changes a saved query.")


def readable(user: User, query: SavedQuery) -> None:
    if not queries_for(user).filter(pk=query.pk).exists():
        raise PermissionDenied("This saved query is not shared with you.")


def target_of(query: SavedQuery) -> Target:
    return Target("saved_query", str(query.pk), str(query))


def told(number: int, draft: Draft) -> dict[str, object]:
    return {"version": number, "source": draft.source, "query": digest(draft.text)}
