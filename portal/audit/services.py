"""The one way an event is written."""

import hashlib
import hmac
import json
import uuid

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from portal.audit.actions import Action
from portal.audit.models import Event
from portal.audit.types import Actor, Detail, Target


def digest(value: str) -> str:
    """HMAC-SHA256 of a personal value, hex: it can be compared with itself and told to nobody."""
    key = bytes.fromhex(settings.AUDIT_DIGEST_KEY)
    return hmac.new(key, value.encode(), hashlib.sha256).hexdigest()


def canonical(content: Detail) -> str:
    """JSON with sorted keys and no spaces, so that the same content always has the same bytes."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def record(*, actor: Actor, action: Action, target: Target, detail: Detail | None = None) -> Event:
    """Writes one event inside the caller's transaction.

    `detail` is JSON; it holds ids, counts, names of datasets and columns, hashes. Personal values only by `digest`.
    Raises RuntimeError outside a transaction: an event that commits alone tells of a change that may not exist.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError(f"{action}: an audit event is written inside the transaction of the change it tells of.")
    event_id, now = uuid.uuid4(), timezone.now()
    payload = canonical(
        {
            "id": str(event_id),
            "at": now.isoformat(),
            "action": str(action),
            "actor": [actor.kind, actor.id, actor.name],
            "target": [target.kind, target.id, target.name],
            "detail": dict(detail or {}),
        }
    )
    return Event.objects.create(
        id=event_id,
        at=now,
        action=action,
        actor_kind=actor.kind,
        actor_id=actor.id,
        actor_name=actor.name,
        actor_user_id=int(actor.id) if actor.kind == "user" else None,
        target_kind=target.kind,
        target_id=target.id,
        target_name=target.name[:300],
        payload=payload,
    )
