"""Pages of requests. For whoever may not know of them, none of these addresses exists."""

import uuid
from collections.abc import Callable
from datetime import date
from functools import wraps
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.compliance.requests import board, calendars, certificates, selectors, services
from apps.compliance.requests.acts import ACTS
from apps.compliance.requests.delivery import make_link
from apps.compliance.requests.identity import clean_address, digest_of
from apps.compliance.requests.models import SubjectRequest
from apps.compliance.requests.story import story_of
from apps.compliance.requests.types import EXTENSION_REASONS, GROUNDS, VERIFIED_HOW, Kind, Law, Refused
from apps.compliance.selectors import READERS_OF_POLICIES
from portal.accounts.models import User
from portal.accounts.selectors import has_role
from portal.audit.models import Event
from portal.audit.selectors import events_about
from portal.runs.views import steps_context
from portal.workflow import ForbiddenMove, StaleState

PAGE = 50
TRAIL = 12
View = Callable[..., HttpResponse]


def viewers(view: View) -> View:
    """404 for whoever may not know that there are requests. Nothing of these pages is kept by a browser."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not selectors.may_view(request.user):
            raise Http404
        return view(request, *args, **kwargs)

    return cache_control(no_store=True, private=True)(guarded)


def person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def handler(request: HttpRequest) -> User:
    """An officer; an auditor, who may read, is told so."""
    if not selectors.may_handle(request.user):
        raise PermissionDenied("Only a compliance officer works on requests of people; you may read them.")
    return person(request)


def request_or_404(request: HttpRequest, request_id: uuid.UUID) -> SubjectRequest:
    try:
        return selectors.request_for(request.user, request_id)
    except SubjectRequest.DoesNotExist:
        raise Http404 from None


@viewers
@require_GET
def requests(request: HttpRequest) -> HttpResponse:
    chosen = {name: request.GET[name] for name, known in board.FILTERS.items() if request.GET.get(name) in known}
    found = board.matching(selectors.requests_for(request.user), chosen or {"state": "open"})
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "lines": board.lines(person(request), page.object_list), "chosen": chosen}
    return render(request, "compliance/requests.html", {**context, **list_context(request)})


@viewers
@require_POST
def find(request: HttpRequest) -> HttpResponse:
    """All requests of one address. Posted, so that the address stands in no address bar and in no log."""
    user = handler(request)
    context: dict[str, Any] = {"looked_up": True, "lines": []}
    try:
        address = clean_address(request.POST.get("email", ""))
        found = selectors.requests_for(user).filter(digest=digest_of(address)).order_by("-opened_at")[:PAGE]
        context["lines"] = board.lines(user, found)
    except Refused as refused:
        context["error"] = refused.message
    return render(request, "compliance/requests.html", {**context, **list_context(request)})


def list_context(request: HttpRequest) -> dict[str, Any]:
    return {
        "handles": selectors.may_handle(request.user),
        "may_see_requests": True,
        "may_see_policies": has_role(request.user, *READERS_OF_POLICIES),
        "filters": board.FILTERS,
        "any": selectors.requests_for(request.user).exists(),
    }


@viewers
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    user = handler(request)
    error: Refused | None = None
    if request.method == "POST":
        try:
            made = services.open_request(actor=user, **typed(request))
            return redirect(made)
        except Refused as refused:
            error = refused
    context = {
        "kinds": list(Kind),  # a class would be called by the template
        "laws": list(Law),
        "verified_how": VERIFIED_HOW,
        "form": request.POST or {"received_on": str(calendars.today(Law.GDPR)), "kind": "erasure", "law": "gdpr"},
        "error": error,
        "longest_note": services.LONGEST_NOTE,
    }
    return render(request, "compliance/request_new.html", context, status=400 if error else 200)


def day_in(text: str) -> date:
    """Raises ValueError. `fromisoformat` alone takes 20261125 and 2026-W48-3, too."""
    found = date.fromisoformat(text)
    if text != found.isoformat():
        raise ValueError("not YYYY-MM-DD")
    return found


def typed(request: HttpRequest) -> dict[str, Any]:
    """What the form holds, as the service takes it. Raises Refused."""
    form = request.POST
    services.check_choice(form.get("kind", ""), list(Kind), "kind")
    services.check_choice(form.get("law", ""), list(Law), "law")
    try:
        received_on = day_in(form.get("received_on", ""))
    except ValueError:
        raise Refused("Type the day as in 2026-03-31.", "received_on") from None
    return {
        "kind": Kind(form["kind"]),
        "law": Law(form["law"]),
        "email": form.get("email", ""),
        "received_on": received_on,
        "verified_how": form.get("verified_how", ""),
        "note": form.get("note", ""),
    }


@viewers
@require_GET
def detail(request: HttpRequest, request_id: uuid.UUID) -> HttpResponse:
    return told(request, request_or_404(request, request_id))


def told(request: HttpRequest, row: SubjectRequest, **more: Any) -> HttpResponse:
    story = story_of(person(request), row)
    about = events_about(kind="subject_request", id=str(row.pk))
    context: dict[str, Any] = {
        "story": story,
        "subject": row,
        "verified_how": VERIFIED_HOW,
        "grounds": GROUNDS,
        "extension_reasons": EXTENSION_REASONS,
        "trail": [happened(event) for event in about.order_by("-at")[:TRAIL]],
        **more,
    }
    if story.known.run is not None:
        context |= steps_context(request, story.known.run)
    return render(request, "compliance/request.html", context)


def happened(event: Event) -> dict[str, object]:
    did = event.action.partition(".")[2].replace("_", " ").capitalize()
    return {"did": did, "actor_name": event.actor_name, "at": event.at}


@viewers
@require_POST
def act(request: HttpRequest, request_id: uuid.UUID, verb: str) -> HttpResponse:
    """One button of a request's page. What cannot be done is said there, and nothing was changed."""
    row, user = request_or_404(request, request_id), handler(request)
    try:
        said = ACTS[verb](user, row, request.POST)
        messages.success(request, said)
    except Refused as refused:
        messages.error(request, refused.message)
    except (StaleState, ForbiddenMove):
        messages.error(request, "The request has moved on meanwhile; look again.")
    return redirect(row)


@viewers
@require_POST
def reveal(request: HttpRequest, request_id: uuid.UUID) -> HttpResponse:
    """In the answer to this one form, and nowhere else: neither a session nor an address ever holds it."""
    row, user = request_or_404(request, request_id), handler(request)
    try:
        return told(request, row, revealed=services.reveal(actor=user, request=row))
    except Refused as refused:
        messages.error(request, refused.message)
    return redirect(row)


@viewers
@require_POST
def link(request: HttpRequest, request_id: uuid.UUID) -> HttpResponse:
    row, user = request_or_404(request, request_id), handler(request)
    try:
        token = make_link(actor=user, request=row)
    except Refused as refused:
        messages.error(request, refused.message)
        return redirect(row)
    return told(request, row, link=request.build_absolute_uri(reverse("compliance:download", args=[token])))


@viewers
@require_GET
def certificate(request: HttpRequest, request_id: uuid.UUID) -> HttpResponse:
    row = request_or_404(request, request_id)
    written = row.certificates.first()
    if written is None:
        raise Http404
    story = certificates.as_json(written)
    context = {"subject": row, "written": written, "body": story["certificate"], "proof": story["proof"]}
    return render(request, "compliance/certificate.html", context)
