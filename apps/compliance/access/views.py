"""Pages of access: what I hold, what waits for me, and one request."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.catalog.models import Dataset
from apps.catalog.selectors import SourceNotSynced
from apps.compliance.access import selectors, services
from apps.compliance.access.models import AccessRequest
from apps.compliance.access.readers import choices
from apps.compliance.access.types import LONGEST_REASON, Ask, Invalid
from apps.compliance.requests.selectors import may_view
from apps.compliance.selectors import READERS_OF_POLICIES
from portal.accounts.guards import requires_role
from portal.accounts.models import User
from portal.accounts.selectors import current_purpose, has_role, purposes_of
from portal.accounts.types import Purpose, Role
from portal.audit.types import Actor
from portal.workflow import StaleState

LISTED = 100


def person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def tabs(request: HttpRequest) -> dict[str, bool]:
    return {
        "may_see_requests": may_view(request.user),
        "may_see_policies": has_role(request.user, *READERS_OF_POLICIES),
    }


@requires_role(*Role)
@require_GET
def listing(request: HttpRequest) -> HttpResponse:
    user = person(request)
    grants = list(selectors.grants_for(user)[:LISTED])
    context = {
        "waiting": selectors.waiting_for(user)[:LISTED],
        "grants": [(grant, grant.request.user_id == user.pk) for grant in grants],
        "requests": selectors.requests_for(user)[:LISTED],
        "all": has_role(user, *selectors.WATCHERS),
        **tabs(request),
    }
    return render(request, "compliance/access.html", context)


@requires_role(*Role)
@require_http_methods(["GET", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    """The form says what is masked for the person now, and whom it would go to."""
    user = person(request)
    form = request.POST if request.method == "POST" else request.GET
    dataset = dataset_in(user, form.get("dataset", ""))
    problem = None
    if request.method == "POST":
        try:
            asked = services.ask(actor=Actor.of(user), user=user, dataset=dataset.pk, ask=ask_in(request))
        except Invalid as wrong:
            problem = wrong
        except SourceNotSynced as wrong:
            problem = Invalid("column", str(wrong))
        else:
            messages.success(request, "Asked. You are told here and on your home page when somebody has decided.")
            return redirect(asked)
    purpose = next((one for one in purposes_of(user) if one == form.get("purpose")), current_purpose(request))
    context = {
        "dataset": dataset,
        "columns": masked_columns(user, purpose, dataset),
        "purposes": purposes_of(user),
        "purpose": purpose,
        "form": form,
        "error": problem,
        "longest": LONGEST_REASON,
        "emergency_first": [role.label for role in selectors.IN_EMERGENCY],
    }
    return render(request, "compliance/access_ask.html", context, status=400 if problem else 200)


def ask_in(request: HttpRequest) -> Ask:
    field = request.POST.get
    return Ask(
        column=field("column", ""),
        purpose=field("purpose", ""),
        days=field("days", ""),
        reason=field("reason", ""),
        emergency=field("emergency") == "yes",
    )


def dataset_in(user: User, value: str) -> Dataset:
    if not (value.isascii() and value.isdigit() and len(value) < 16):
        raise Http404("There is no such dataset.")
    try:
        return selectors.dataset_for(user, int(value))
    except Dataset.DoesNotExist:
        raise Http404("There is no such dataset.") from None


def masked_columns(user: User, purpose: Purpose, dataset: Dataset) -> list[tuple[str, str]]:
    try:
        found = choices(user, purpose, dataset)
    except SourceNotSynced:
        return []
    return [(name, choice.reason) for name, choice in found.items() if choice.masked]


def known(request: HttpRequest, pk: int) -> AccessRequest:
    try:
        return selectors.requests_for(person(request)).get(pk=pk)
    except AccessRequest.DoesNotExist:
        raise Http404("There is no such request.") from None


@requires_role(*Role)
@require_GET
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    row, user = known(request, pk), person(request)
    grant = getattr(row, "grant", None)
    context = {
        "row": row,
        "grant": grant,
        "approvals": row.approvals.select_related("approver"),
        "decides": selectors.may_decide(user, row),
        "mine": row.user_id == user.pk,
        "revokes": grant is not None and selectors.may_revoke(user, grant),
        "longest": LONGEST_REASON,
    }
    return render(request, "compliance/access_request.html", context)


@requires_role(*Role)
@require_POST
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    row, user = known(request, pk), person(request)
    reason, actor = request.POST.get("reason", ""), Actor.of(user)
    try:
        if request.POST.get("answer") == "approve":
            grant = services.approve(actor=actor, user=user, request=row, reason=reason)
            messages.success(request, "Granted." if grant else "One of two has said yes. A second person must, too.")
        elif request.POST.get("answer") == "refuse":
            services.refuse(actor=actor, user=user, request=row, reason=reason)
            messages.success(request, "Refused, with your reason.")
        else:
            raise Http404("Approve or refuse.")
    except (Invalid, StaleState) as problem:
        messages.error(request, str(problem))
    return redirect(row)


@requires_role(*Role)
@require_POST
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    row, user = known(request, pk), person(request)
    try:
        services.withdraw(actor=Actor.of(user), user=user, request=row)
        messages.success(request, "Withdrawn.")
    except StaleState as problem:
        messages.error(request, str(problem))
    return redirect(row)


@requires_role(*Role)
@require_POST
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    row, user = known(request, pk), person(request)
    grant = getattr(row, "grant", None)
    if grant is None:
        raise Http404("There is no such grant.")
    try:
        services.revoke(actor=Actor.of(user), user=user, grant=grant, reason=request.POST.get("reason", ""))
        messages.success(request, "Ended. What was shown under it is closed from now on.")
    except (Invalid, StaleState) as problem:
        messages.error(request, str(problem))
    return redirect(row)
