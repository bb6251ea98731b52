from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.module_loading import import_string
from django.views.decorators.http import require_GET

from portal.audit.actions import Action
from portal.audit.models import Event
from portal.desk.strip import lamps
from portal.desk.trail import Line
from portal.desk.types import HomeSection
from portal.desk.views.search import person
from portal.notices.selectors import notices_for

NEEDS = 8
RECENT = 8
# What follows of itself from something a person did is told in their name in the trail; it is nothing they did.
FOLLOWS = (
    *(action for action in Action if action.startswith("runs.step_")),
    Action.RUN_MOVED,
    Action.RUN_FINISHED,
    Action.LEASE_LOST,
    Action.QUERY_DECIDED,
)
COMINGS = (Action.SIGNED_IN, Action.SIGNED_OUT)


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    user = person(request)
    needs = list(notices_for(user)[: NEEDS + 1])
    mine = (
        Event.objects.filter(actor_kind="user", actor_id=str(user.pk))
        .exclude(action__in=COMINGS + FOLLOWS)
        .order_by("-at")
    )
    context = {
        "needs": needs[:NEEDS],
        "more": len(needs) > NEEDS,
        "now": timezone.now(),
        "sections": sections_for(request),
        "recent": [Line.of(event) for event in mine[:RECENT]],
    }
    return render(request, "desk/home.html", context)


def sections_for(request: HttpRequest) -> list[HomeSection]:
    found = (import_string(name)(person(request)) for name in settings.HOME_SECTIONS)
    return [section for section in found if section is not None]


@require_GET
def inbox(request: HttpRequest) -> HttpResponse:
    context = {"needs": notices_for(person(request)), "now": timezone.now()}
    return render(request, "desk/inbox.html", context)


@require_GET
def health_strip(request: HttpRequest) -> HttpResponse:
    """A fragment that home asks for after it is drawn: a store that is down must not hold up the page."""
    return render(request, "desk/_health.html", {"lamps": lamps()})
