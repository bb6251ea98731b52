"""Reads of the trail, for those who may read it."""

from django.conf import settings
from django.db.models import QuerySet
from django.utils.module_loading import import_string

from portal.audit.models import Event
from portal.audit.types import Person


def events_for(person: Person) -> QuerySet[Event]:
    """The whole trail for those with `accounts.view_audit`; for everyone else, what they did themselves.

    Without what `settings.AUDIT_HIDDEN` keeps from this person: the trail must not tell of what nothing else tells.
    """
    events = Event.objects.all()
    if not person.has_perm("accounts.view_audit"):
        events = events.filter(actor_kind="user", actor_id=str(person.pk))
    for name in settings.AUDIT_HIDDEN:
        events = events.exclude(import_string(name)(person))
    return events


def events_about(*, kind: str, id: str) -> QuerySet[Event]:
    """The trail of one object, for pages that have already decided that the reader may see it."""
    return Event.objects.filter(target_kind=kind, target_id=id)
