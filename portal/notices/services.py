"""Raising and settling what needs somebody. The change that it tells of writes the audit event, not the notice."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from portal.notices.models import Notice


@transaction.atomic
def notify(
    *,
    kind: str,
    subject_kind: str,
    subject_id: str,
    title: str,
    url: str,
    roles: Iterable[str] = (),
    users: Iterable[int] = (),
    due_at: datetime | None = None,
) -> Notice:
    """Opens the notice, or brings the open one of the same kind and subject up to date. `users` are their ids.

    `title` is shown as it is: no person's values in it. Somebody must be named, or nobody would ever see it.
    """
    audience = {"roles": sorted(str(role) for role in roles), "people": sorted(users)}
    if not any(audience.values()):
        raise ValueError(f"{kind}: a notice needs a role or a person.")
    content = {"title": title[:300], "url": url, "due_at": due_at, **audience}
    key = {"kind": kind, "subject_kind": subject_kind, "subject_id": subject_id}
    notice = Notice.objects.select_for_update().filter(**key, resolved_at=None).first()
    if notice is None:
        return Notice.objects.get_or_create(**key, resolved_at=None, defaults=content)[0]
    for name, value in content.items():
        setattr(notice, name, value)
    notice.save()
    return notice


def resolve(*, kind: str, subject_kind: str, subject_id: str) -> int:
    """Closes the open notice, if there is one. Returns how many were closed."""
    found = Notice.objects.filter(kind=kind, subject_kind=subject_kind, subject_id=subject_id, resolved_at=None)
    return found.update(resolved_at=timezone.now())
