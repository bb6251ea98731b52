import json
import uuid

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from apps.queries import console as asking
from apps.queries.access import person, typed_in
from apps.queries.charts import Invalid as WrongChart
from apps.queries.charts import read
from apps.queries.library.selectors import entries_of
from apps.queries.library.types import AUDIENCE_CHOICES, Topic
from apps.queries.models import SavedQuery, SavedVersion
from apps.queries.roles import QUERIERS
from apps.queries.saved import selectors, services
from apps.queries.saved.types import Draft, Invalid, Opened
from apps.queries.views import console_again
from portal.accounts.guards import requires_role
from portal.accounts.selectors import current_purpose
from portal.accounts.types import ROLE_LABELS, Role
from portal.audit.types import Actor
from portal.workflow import StaleState


def visible(request: HttpRequest, saved: uuid.UUID) -> SavedQuery:
    try:
        return selectors.query_for(person(request), saved)
    except SavedQuery.DoesNotExist:
        raise Http404("There is no such saved query.") from None


def own(request: HttpRequest, saved: uuid.UUID) -> SavedQuery:
    query = visible(request, saved)
    if query.owner_id != person(request).pk:
        raise Http404("There is no such saved query of yours.")
    return query


def opened(request: HttpRequest, query: SavedQuery, number: int) -> Opened:
    user = person(request)
    try:
        return selectors.opened(person=user, purpose=current_purpose(request), query=query, number=number)
    except SavedVersion.DoesNotExist:
        raise Http404("There is no such version.") from None


def asked_version(request: HttpRequest, query: SavedQuery) -> int:
    value = request.GET.get("version", "")
    if not value:
        return query.head
    if not (value.isascii() and value.isdigit() and 1 <= int(value[:9]) <= query.head):
        raise Http404("There is no such version.")
    return int(value[:9])


def draft_in(request: HttpRequest) -> Draft:
    """Raises Invalid."""
    field = request.POST.get
    try:
        chart = read(field("chart", ""))
    except WrongChart as problem:
        raise Invalid(str(problem)) from None
    typed = {one.name: [one.kind, one.value] for one in typed_in(request).values()}
    kept = chart.kept() if chart else None
    return Draft(field("title", ""), field("source", ""), field("text", ""), field("folder", ""), typed, kept)


@requires_role(*QUERIERS)
@require_GET
def listing(request: HttpRequest) -> HttpResponse:
    return render(request, "queries/saved.html", {"found": selectors.listed(person(request))})


@requires_role(*QUERIERS)
@require_POST
def create(request: HttpRequest) -> HttpResponse:
    user = person(request)
    try:
        query = services.save_query(actor=Actor.of(user), owner=user, draft=draft_in(request))
    except Invalid as problem:
        return console_again(request, str(problem))
    messages.success(request, "Saved. Only you see it until you share it.")
    return redirect(query)


@requires_role(*QUERIERS)
@require_GET
def detail(request: HttpRequest, saved: uuid.UUID) -> HttpResponse:
    """The permalink: whoever opens it is decided about anew, under their own rights and purpose."""
    query = visible(request, saved)
    number = asked_version(request, query)
    shown = opened(request, query, number)
    before = opened(request, query, number - 1) if number > 1 else None
    user = person(request)
    diff = selectors.difference(before.draft, shown.draft) if before and before.draft and shown.draft else []
    context = {
        "query": query,
        "shown": shown,
        "explanation": shown.explanation,
        "diff": diff,
        "versions": query.versions.defer("body"),
        "comments": selectors.comments_of(query) if shown.draft else [],
        "chart_kept": json.dumps(dict(shown.draft.chart)) if shown.draft and shown.draft.chart else "",
        "mine": query.owner_id == user.pk,
        "schedule": query.schedules.filter(owner=user).select_related("last").first(),
        "marked": query.favourite_of.filter(pk=user.pk).exists(),
        "roles": [(str(role), ROLE_LABELS[role]) for role in QUERIERS],
        "sources": asking.sources_for(user),
        "entries": entries_of(user, query.pk),
        "audiences": AUDIENCE_CHOICES,
        "topics": list(Topic),
    }
    return render(request, "queries/saved_query.html", context)


@requires_role(*QUERIERS)
@require_POST
def revise(request: HttpRequest, saved: uuid.UUID) -> HttpResponse:
    query, user = own(request, saved), person(request)
    based_on = request.POST.get("based_on", "")
    if not (based_on.isascii() and based_on.isdigit() and len(based_on) < 9):
        raise Http404("There is no such version.")
    try:
        number = services.revise_query(
            actor=Actor.of(user), user=user, query=query, based_on=int(based_on), draft=draft_in(request)
        )
    except (Invalid, StaleState) as problem:
        messages.error(request, f"Not saved. {problem}")
    else:
        messages.success(request, f"Saved as version {number}.")
    return redirect(query)


@requires_role(*QUERIERS)
@require_POST
def share(request: HttpRequest, saved: uuid.UUID) -> HttpResponse:
    query, user = own(request, saved), person(request)
    name = request.POST.get("role", "")
    if name and name not in [str(role) for role in QUERIERS]:
        raise Http404("There is no such role.")
    role = Role(name) if name else None
    services.share_query(actor=Actor.of(user), user=user, query=query, role=role)
    messages.success(request, f"Shared for reading with every {role.label}." if role else "Only you see it now.")
    return redirect(query)


@requires_role(*QUERIERS)
@require_POST
def favourite(request: HttpRequest, saved: uuid.UUID) -> HttpResponse:
    query, user = visible(request, saved), person(request)
    wanted = request.POST.get("wanted") == "yes"
    services.set_favourite(actor=Actor.of(user), user=user, query=query, wanted=wanted)
    return redirect(query)


@requires_role(*QUERIERS)
@require_POST
def comment(request: HttpRequest, saved: uuid.UUID) -> HttpResponse:
    """Whoever may not see the text has nothing to say about it."""
    query, user = visible(request, saved), person(request)
    if opened(request, query, query.head).draft is None:
        raise Http404("There is no such saved query.")
    try:
        services.add_comment(actor=Actor.of(user), user=user, query=query, text=request.POST.get("comment", ""))
    except Invalid as problem:
        messages.error(request, str(problem))
    return redirect(query)


@requires_role(*QUERIERS)
@require_POST
def delete(request: HttpRequest, saved: uuid.UUID) -> HttpResponse:
    query, user = own(request, saved), person(request)
    services.delete_query(actor=Actor.of(user), user=user, query=query)
    messages.success(request, "Deleted, with its versions and comments.")
    return redirect("queries:saved")
