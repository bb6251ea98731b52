"""What the scheduler calls."""

from celery import shared_task
from django.core.cache import cache

from apps.catalog.models import Source
from apps.compliance.access import notices as access_notices
from apps.compliance.access import services as access
from apps.compliance.requests import delivery, notices
from apps.compliance.requests.models import SubjectRequest
from apps.compliance.requests.types import ENDED
from apps.compliance.services import refresh_governance
from portal.audit.types import Actor

SEEN = "compliance:seen"


@shared_task(name="apps.compliance.tasks.refresh")
def refresh() -> None:
    """Files that were applied reach datasets that appeared since; nothing is asked of them while nothing changed."""
    state = sorted(Source.objects.values_list("pk", "revision"))
    if cache.get(SEEN) == state:
        return
    refresh_governance(actor=Actor.system("governance"))
    # After the work: what it changed itself needs no second look, what fails is tried again.
    cache.set(SEEN, sorted(Source.objects.values_list("pk", "revision")), None)


@shared_task(name="apps.compliance.tasks.watch_requests")
def watch_requests() -> None:
    """Days come near, people become officers and cease to be, packages and identities pass their time."""
    for request in SubjectRequest.objects.exclude(state__in=ENDED):
        notices.refresh(request)
    delivery.remove_expired()
    delivery.forget_identities()


@shared_task(name="apps.compliance.tasks.end_access")
def end_access() -> None:
    """Grants end by the clock, wherever they are read; this writes it down."""
    access.tell_ended()
    access_notices.forget_old()
