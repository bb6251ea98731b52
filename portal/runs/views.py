from typing import Any, Protocol

from asgiref.sync import sync_to_async
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from portal.accounts.models import User
from portal.audit.types import Actor
from portal.runs import selectors, services
from portal.runs.flows import ACTIVE, CANCELLED, FAILED
from portal.runs.models import Run
from portal.runs.reasons import reason_of, reasons
from portal.runs.stream import follow, release_connection
from portal.workflow import ForbiddenMove, StaleState

SHOWN = 100


class Asks(Protocol):
    """A request of Django or of the API: somebody asks."""

    user: Any


def run_or_404(request: Asks, run_id: int) -> Run:
    """One answer for what is not there and for what this person may not know of."""
    try:
        return selectors.run_for(request.user, run_id)
    except Run.DoesNotExist:
        raise Http404(f"No run {run_id}.") from None


def _controlled(request: HttpRequest, run_id: int) -> tuple[Run, User]:
    run, user = run_or_404(request, run_id), request.user
    if not selectors.may_control(user, run):
        raise PermissionDenied("Whoever started the run, or an administrator, can cancel and resume it.")
    assert isinstance(user, User)
    return run, user


def steps_context(request: HttpRequest, run: Run) -> dict[str, Any]:
    """What `runs/_steps.html` needs; pages of other apps that include it use this, too."""
    steps, attempts = selectors.steps_of(run), selectors.latest_attempts(run)
    told = reasons(request.user, steps)
    return {
        "run": run,
        "active": run.state in ACTIVE,
        "rows": [{"step": step, "reason": told[step.pk], "attempt": attempts.get(step.pk)} for step in steps],
        "summary": selectors.summary(run),
        "reason": reason_of(request.user, run),
        "may_cancel": run.state in ACTIVE and not run.cancel_requested_at and selectors.may_control(request.user, run),
        "may_resume": run.state in (FAILED, CANCELLED) and selectors.may_control(request.user, run),
        "rerun": selectors.smallest_rerun(run),
    }


@require_GET
def runs(request: HttpRequest) -> HttpResponse:
    found = selectors.runs_for(request.user).select_related("started_by")
    for name in ("kind", "state"):
        if value := request.GET.get(name):
            found = found.filter(**{name: value})
    return render(request, "runs/list.html", {"runs": found[:SHOWN]})


@require_GET
def detail(request: HttpRequest, run_id: int) -> HttpResponse:
    run = run_or_404(request, run_id)
    return render(request, "runs/detail.html", steps_context(request, run))


@require_GET
def steps(request: HttpRequest, run_id: int) -> HttpResponse:
    return render(request, "runs/_steps.html", steps_context(request, run_or_404(request, run_id)))


@require_GET
async def log(request: HttpRequest, run_id: int) -> HttpResponseBase:
    """Server-sent events: `line`, then `end`. Resumes after the header Last-Event-ID; `?step=key` for one step."""
    await sync_to_async(_open)(request, run_id)
    last = request.headers.get("Last-Event-ID", "")
    events = follow(run_id, int(last) if last.isdigit() else None, request.GET.get("step", ""))
    return StreamingHttpResponse(
        events,
        content_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


def _open(request: HttpRequest, run_id: int) -> None:
    run_or_404(request, run_id)
    release_connection()


@require_POST
def cancel(request: HttpRequest, run_id: int) -> HttpResponse:
    run, user = _controlled(request, run_id)
    try:
        services.cancel_run(actor=Actor.of(user), run=run)
    except StaleState:
        messages.info(request, "This run has ended meanwhile; there was nothing to cancel.")
    return _back(request, run)


@require_POST
def resume(request: HttpRequest, run_id: int) -> HttpResponse:
    run, user = _controlled(request, run_id)
    try:
        services.resume_run(actor=Actor.of(user), run=run)
    except (StaleState, ForbiddenMove):
        messages.info(request, "This run is at work, or done; there was nothing to resume.")
    return _back(request, run)


def _back(request: HttpRequest, run: Run) -> HttpResponse:
    """To the page that held the button, if it is ours."""
    page = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(page, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return redirect(page if page and ours else reverse("runs:detail", args=[run.pk]))
