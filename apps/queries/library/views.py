import uuid

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from apps.compliance.policy.types import Refused
from apps.queries import console as asking
from apps.queries.access import person, typed_in
from apps.queries.library import checks, selectors, services
from apps.queries.library.contracts import broken, contract_of
from apps.queries.library.keeping import agreement_of, content_of, seen_of
from apps.queries.library.models import LibraryEntry
from apps.queries.library.types import AUDIENCE_CHOICES, LIVE, LONGEST_WORDS, REVIEWERS, Audience, Invalid, State, Topic
from apps.queries.models import SavedVersion
from apps.queries.parameters import TYPES, Unfit
from apps.queries.roles import QUERIERS
from apps.queries.saved.selectors import difference
from apps.queries.saved.types import Draft
from apps.queries.saved.views import own
from portal.accounts.guards import requires_role
from portal.audit.types import Actor
from portal.workflow import StaleState

NONE = "There is no such query in the library."


def visible(request: HttpRequest, entry: uuid.UUID) -> LibraryEntry:
    try:
        return selectors.entry_for(person(request), entry)
    except LibraryEntry.DoesNotExist:
        raise Http404(NONE) from None


def decidable(request: HttpRequest, entry: uuid.UUID) -> LibraryEntry:
    """Nobody decides about what they wrote: the page is not there for them."""
    row = visible(request, entry)
    if row.author_id == person(request).pk or not row.open:
        raise Http404("There is nothing to decide about it.")
    return row


def role_in(value: str) -> str:
    return value if value in [str(role) for role in QUERIERS] else ""


@requires_role(*QUERIERS)
@require_GET
def listing(request: HttpRequest) -> HttpResponse:
    user = person(request)
    text, role = request.GET.get("q", "").strip()[:100], role_in(request.GET.get("for", ""))
    context = {
        "lines": selectors.listed(user, text, role),
        "waiting": selectors.waiting_for(user),
        "own": selectors.own(user),
        "text": text,
        "role": role,
        "roles": QUERIERS,
        "reviews": selectors.may_review(user),
    }
    return render(request, "queries/library.html", context)


@requires_role(*QUERIERS)
@require_GET
def detail(request: HttpRequest, entry: uuid.UUID) -> HttpResponse:
    """What was agreed is held against what is, each time somebody opens it."""
    return shown(request, checks.checked(visible(request, entry)))


def shown(request: HttpRequest, row: LibraryEntry, status: int = 200) -> HttpResponse:
    user = person(request)
    opened = selectors.opened(user, row)
    typed = {**opened.content.typed, **(typed_in(request) if request.method == "POST" else {})}
    mine = row.author_id == user.pk
    context = {
        "entry": row,
        "opened": opened,
        "explanation": opened.explanation,
        "parameters": asking.fields(row.source, opened.content.text, typed),
        "kinds": TYPES,
        "executions": selectors.runs_of(user, row),
        "mine": mine,
        "decides": row.open and not mine and selectors.may_review(user),
        "retires": row.state in LIVE and (mine or selectors.may_review(user)),
        "newer": mine and row.query is not None and row.query.head > row.number,
        "longest": LONGEST_WORDS,
    }
    return render(request, "queries/library_entry.html", context, status=status)


@requires_role(*QUERIERS)
@require_POST
def run(request: HttpRequest, entry: uuid.UUID) -> HttpResponse:
    row, user = visible(request, entry), person(request)
    try:
        execution = services.run(actor=Actor.of(user), user=user, entry=row, typed=typed_in(request))
    except (Invalid, Unfit) as problem:
        messages.error(request, f"Not run. {problem}")
        return shown(request, selectors.entry_for(user, entry), status=400)
    return redirect(execution.get_absolute_url())


@requires_role(*REVIEWERS)
@require_GET
def review(request: HttpRequest, entry: uuid.UUID) -> HttpResponse:
    """Text, contract as it would be agreed now, and what has changed since it was agreed last."""
    row = decidable(request, entry)
    content = content_of(row)
    found = contract_of(row.audience, row.source, content)
    agreed, before = agreement_of(row), selectors.predecessor_of(row)
    old = content_of(before) if before else None
    context = {
        "entry": row,
        "content": content,
        "refused": found if isinstance(found, Refused) else None,
        "contract": None if isinstance(found, Refused) else found,
        "seen": "" if isinstance(found, Refused) else seen_of(content, found),
        "agreed": agreed,
        "breaks": broken(agreed, found) if agreed else [],
        "opened": selectors.opened(person(request), row),
        "before": before,
        "diff": difference(Draft("", "", old.text), Draft("", "", content.text)) if old else [],
        "proposed": row.state == State.PROPOSED,
        "longest": LONGEST_WORDS,
    }
    return render(request, "queries/library_review.html", context)


@requires_role(*REVIEWERS)
@require_POST
def approve(request: HttpRequest, entry: uuid.UUID) -> HttpResponse:
    row, user = decidable(request, entry), person(request)
    seen, note = request.POST.get("seen", ""), request.POST.get("note", "")
    try:
        services.approve(actor=Actor.of(user), user=user, entry=row, seen=seen, note=note)
    except (Invalid, StaleState) as problem:
        messages.error(request, f"Not approved. {problem}")
        return redirect("queries:library-review", entry)
    messages.success(request, f"Approved for every {row.audience}.")
    return redirect(row)


@requires_role(*REVIEWERS)
@require_POST
def send_back(request: HttpRequest, entry: uuid.UUID) -> HttpResponse:
    row, user = decidable(request, entry), person(request)
    try:
        services.send_back(actor=Actor.of(user), user=user, entry=row, reason=request.POST.get("reason", ""))
    except (Invalid, StaleState) as problem:
        messages.error(request, f"Not sent back. {problem}")
        return redirect("queries:library-review", entry)
    messages.success(request, f"Sent back to {row.author_name}.")
    return redirect("queries:library")


@requires_role(*QUERIERS)
@require_POST
def withdraw(request: HttpRequest, entry: uuid.UUID) -> HttpResponse:
    row, user = visible(request, entry), person(request)
    if row.author_id != user.pk:
        raise Http404("There is no such proposal of yours.")
    try:
        services.withdraw(actor=Actor.of(user), user=user, entry=row)
    except StaleState as problem:
        messages.error(request, str(problem))
    return redirect(row)


@requires_role(*QUERIERS)
@require_POST
def retire(request: HttpRequest, entry: uuid.UUID) -> HttpResponse:
    row, user = visible(request, entry), person(request)
    try:
        services.retire(actor=Actor.of(user), user=user, entry=row, reason=request.POST.get("reason", ""))
    except (Invalid, StaleState) as problem:
        messages.error(request, f"Not retired. {problem}")
    except PermissionDenied:
        raise Http404("There is no such query of yours.") from None
    else:
        messages.success(request, "Retired. It stays in the history.")
    # A reader who gave it back may no longer see it.
    return redirect(row if selectors.entries_for(user).filter(pk=entry).exists() else "queries:library")


@requires_role(*QUERIERS)
@require_POST
def propose(request: HttpRequest, saved: uuid.UUID) -> HttpResponse:
    query, user = own(request, saved), person(request)
    number = request.POST.get("version", "")
    try:
        entry = services.propose(
            actor=Actor.of(user),
            user=user,
            query=query,
            number=int(number) if number.isascii() and number.isdigit() and len(number) < 9 else 0,
            audience=audience_in(request.POST.get("audience", "")),
            topic=topic_in(request.POST.get("topic", "")),
            about=request.POST.get("about", ""),
        )
    except SavedVersion.DoesNotExist:
        raise Http404("There is no such version.") from None
    except Invalid as problem:
        messages.error(request, f"Not proposed. {problem}")
        return redirect(query)
    messages.success(request, "Proposed. A steward or a compliance officer reviews it.")
    return redirect(entry)


def audience_in(value: str) -> Audience:
    found = next((one for one in AUDIENCE_CHOICES if one.key == value), None)
    if found is None:
        raise Invalid("Choose for whom it is.")
    return found


def topic_in(value: str) -> Topic:
    found = next((one for one in Topic if one == value), None)
    if found is None:
        raise Invalid("Choose its topic.")
    return found
