"""Reads of the trail, for those who may read it."""

from django.db.models import QuerySet

from portal.audit.models import Event
from portal.audit.types import Person


def events_for(person: Person) -> QuerySet[Event]:
    """The whole trail for those with `accounts.view_audit`; for everyone else, what they did themselves."""
    if person.has_perm("accounts.view_audit"):
        return Event.objects.all()
    return Event.objects.filter(actor_kind="user", actor_id=str(person.pk))


def events_about(*, kind: str, id: str) -> QuerySet[Event]:
    """The trail of one object, for pages that have already decided that the reader may see it."""
    return Event.objects.filter(target_kind=kind, target_id=id)
