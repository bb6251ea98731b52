from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from apps.catalog.models import Dataset
from apps.queries.access import dataset_of, own, person
from apps.queries.look_ups import selectors, services
from apps.queries.look_ups.types import Invalid, TooMany, Wanted
from apps.queries.roles import QUERIERS
from apps.queries.showing import shown
from portal.accounts.guards import requires_role
from portal.accounts.selectors import current_purpose, has_role
from portal.audit.types import Actor


@sensitive_post_parameters("value", "reason")
@never_cache
@requires_role(*QUERIERS)
@require_http_methods(["GET", "POST"])
def look_up(request: HttpRequest) -> HttpResponse:
    """The rows in which one column has one value, under the person's own masks; at most a few, so many an hour."""
    if request.method == "POST":
        return asked(request)
    return page(request)


def asked(request: HttpRequest) -> HttpResponse:
    dataset, column = place_in(request)
    wanted = Wanted(column, request.POST.get("value", ""), request.POST.get("reason", ""))
    user = person(request)
    try:
        execution = services.look_up(
            actor=Actor.of(user), user=user, purpose=current_purpose(request), dataset=dataset, wanted=wanted
        )
    except Invalid as problem:
        messages.error(request, str(problem))
        return page(request, status=400)
    except TooMany as problem:
        messages.error(request, str(problem))
        return page(request, status=429)
    return redirect(f"{reverse('queries:look-up')}?execution={execution.pk}")


def place_in(request: HttpRequest) -> tuple[Dataset, str]:
    """`place` is a dataset's number and a column: `12:email`."""
    number, _colon, column = request.POST.get("place", "").partition(":")
    if not (number.isascii() and number.isdigit() and len(number) < 18 and column):
        raise Http404("There is no such dataset.")
    return dataset_of(request, int(number)), column


def page(request: HttpRequest, status: int = 200) -> HttpResponse:
    """With what was typed still in it, but for the value."""
    user = person(request)
    places = selectors.places_for(user, current_purpose(request))
    chosen = request.GET.get("dataset", "")
    context: dict[str, object] = {
        "places": [one for one in places if not chosen or str(one.dataset) == chosen],
        "chosen": request.POST.get("place", ""),
        "reason": request.POST.get("reason", ""),
        "most": settings.LOOKUPS_PER_HOUR,
        "checks": has_role(user, *selectors.CHECKERS),
    }
    if request.GET.get("execution"):
        execution = own(request, request.GET["execution"])
        if not selectors.is_look_up(execution):
            return redirect(execution)
        row = execution.look_up
        context |= {**shown(execution), "chosen": f"{row.dataset}:{row.column}"}
    return render(request, "queries/look_up.html", context, status=status)


@requires_role(*selectors.CHECKERS)
@require_GET
def listing(request: HttpRequest) -> HttpResponse:
    """Who looked up what, and why: for those who check it."""
    return render(request, "queries/look_ups.html", {"found": selectors.listed(person(request))})
