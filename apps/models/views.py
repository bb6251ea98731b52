from typing import cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.models import aliases, pages, promotions, selectors
from apps.models.models import ModelVersion, Promotion, RegisteredModel
from apps.models.promotions import NotPromoted
from apps.models.types import PromotionState
from portal.accounts.guards import requires_role
from portal.accounts.models import User
from portal.accounts.types import Role
from portal.audit.types import Actor
from portal.workflow import ForbiddenMove, StaleState

WHO_MAY = "ML engineers ask for, decide and roll back promotions."
DECIDED = "Somebody else decided it meanwhile."


def model_or_404(request: HttpRequest, name: str) -> RegisteredModel:
    """One answer for what is not there and for what this person may not know of."""
    try:
        return selectors.model_for(request.user, name)
    except RegisteredModel.DoesNotExist:
        raise Http404(f"No model {name}.") from None


def version_or_404(request: HttpRequest, name: str, number: int) -> ModelVersion:
    try:
        return selectors.version_for(request.user, name, number)
    except ModelVersion.DoesNotExist:
        raise Http404(f"No version {number} of {name}.") from None


def promotion_or_404(request: HttpRequest, pk: int) -> Promotion:
    try:
        return selectors.promotion_for(request.user, pk)
    except Promotion.DoesNotExist:
        raise Http404(f"No promotion {pk}.") from None


def promoter(request: HttpRequest) -> User:
    if not selectors.may_promote(request.user):
        raise PermissionDenied(WHO_MAY)
    return cast(User, request.user)


@requires_role(Role.ENGINEER, Role.STEWARD, Role.OFFICER, Role.AUDITOR, Role.ADMINISTRATOR)
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    return render(request, "models/index.html", {"lines": pages.lines(selectors.models_for(request.user))})


@require_GET
def model(request: HttpRequest, name: str) -> HttpResponse:
    found = model_or_404(request, name)
    context = {**pages.model_context(found), "may_promote": selectors.may_promote(request.user), "who_may": WHO_MAY}
    if context["serves"]:
        context["datasets"] = selectors.catalog_pages(request.user, context["serves"].version.snapshot.datasets)
    return render(request, "models/model.html", context)


@require_GET
def version(request: HttpRequest, name: str, number: int) -> HttpResponse:
    found = version_or_404(request, name, number)
    line = pages.line_of(found.model)
    context = {
        "version": found,
        "model": found.model,
        "line": line,
        "serves_now": bool(line.serves and line.serves.version_id == found.pk),
        "metrics": pages.comparison([found]),
        "calibration": found.metrics.get("calibration", ()),
        "datasets": selectors.catalog_pages(request.user, found.snapshot.datasets),
        "entries": [(e, pages.STATES[PromotionState(e.state)]) for e in selectors.entries(found.promotions.all())],
        "may_promote": selectors.may_promote(request.user),
        "who_may": WHO_MAY,
    }
    return render(request, "models/version.html", context)


@require_POST
def ask(request: HttpRequest, name: str, number: int) -> HttpResponse:
    found, person = version_or_404(request, name, number), promoter(request)
    try:
        reason = request.POST.get("reason", "").strip()
        entry = promotions.request(actor=Actor.of(person), person=person, version=found, reason=reason)
    except NotPromoted as error:
        messages.error(request, str(error))
        return redirect("models:version", name=name, number=number)
    return redirect("models:promotion", pk=entry.pk)


@require_GET
def promotion(request: HttpRequest, pk: int) -> HttpResponse:
    found = promotion_or_404(request, pk)
    context = {
        **pages.promotion_context(found),
        "may_promote": selectors.may_promote(request.user),
        "mine": found.requested_by_id == request.user.pk,
        "who_may": WHO_MAY,
    }
    return render(request, "models/promotion.html", context)


@require_POST
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """`do` is approve, refuse, withdraw or check."""
    entry, person = promotion_or_404(request, pk), promoter(request)
    actor = Actor.of(person)
    try:
        match request.POST.get("do"):
            case "approve":
                promotions.approve(actor=actor, person=person, entry=entry)
            case "refuse":
                promotions.refuse(actor=actor, person=person, entry=entry, note=request.POST.get("note", "").strip())
            case "withdraw":
                promotions.withdraw(actor=actor, person=person, entry=entry)
            case "check":
                promotions.check_again(actor=actor, person=person, entry=entry)
            case _:
                raise Http404("No such decision.")
    except NotPromoted as error:
        messages.error(request, str(error))
    except (ForbiddenMove, StaleState):
        messages.error(request, DECIDED)
    return redirect("models:promotion", pk=pk)


def seen_serving(request: HttpRequest) -> int:
    """The ledger's entry that the form named; zero is none."""
    said = request.POST.get("serves", "")
    return int(said) if said.isdecimal() and len(said) < 19 else 0


@require_http_methods(["GET", "HEAD", "POST"])
def rollback(request: HttpRequest, name: str) -> HttpResponse:
    """The consequence first; the button is there."""
    found, person = model_or_404(request, name), promoter(request)
    if request.method == "POST":
        try:
            reason = request.POST.get("reason", "").strip()
            back = promotions.roll_back(
                actor=Actor.of(person), person=person, model=found, serves=seen_serving(request), reason=reason
            )
            messages.success(request, f"Version {back.version.number} serves again.")
        except (NotPromoted, StaleState) as error:
            messages.error(request, str(error))
        return redirect("models:model", name=name)
    context = {"model": found, "serves": selectors.champion(found), "before": selectors.before_champion(found)}
    return render(request, "models/rollback.html", context)


@require_POST
def put_alias_back(request: HttpRequest, name: str) -> HttpResponse:
    found, person = model_or_404(request, name), promoter(request)
    try:
        number = aliases.put_back(actor=Actor.of(person), model=found)
        messages.success(request, f"In MLflow, champion stands on version {number} again, the one that serves.")
    except aliases.NotPutBack as error:
        messages.warning(request, str(error))
    return redirect(reverse("models:model", args=[name]))
