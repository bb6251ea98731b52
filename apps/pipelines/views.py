from typing import cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from apps.pipelines import selectors, services
from apps.pipelines.definitions import Definition, UnknownPipeline, definition_of
from apps.pipelines.holds import PipelineBusy
from apps.pipelines.models import Pipeline, PipelineRun
from apps.pipelines.plans import VIEW
from apps.pipelines.reports import report
from portal.accounts.models import User
from portal.audit.types import Actor
from portal.runs.flows import ACTIVE
from portal.runs.reasons import reason_of
from portal.runs.schedule import BadSchedule
from portal.runs.selectors import summary
from portal.runs.views import steps_context

SHOWN = 50
WHO_MAY = "Stewards, ML engineers and administrators can run pipelines."


def pipeline_or_404(person: User, name: str) -> Pipeline:
    """One answer for what is not there and for what this person may not know of."""
    try:
        return selectors.pipeline_for(person, name)
    except Pipeline.DoesNotExist:
        raise Http404(f"No pipeline {name}.") from None


def run_or_404(person: User, run_id: int) -> PipelineRun:
    try:
        return selectors.run_for(person, run_id)
    except PipelineRun.DoesNotExist:
        raise Http404(f"No run {run_id}.") from None


def runner(request: HttpRequest) -> User:
    person = cast(User, request.user)
    if not selectors.may_run(person):
        raise PermissionDenied(WHO_MAY)
    return person


@require_GET
def pipelines(request: HttpRequest) -> HttpResponse:
    lines = selectors.overview(request.user)
    if not lines and not cast(User, request.user).has_perm(VIEW):
        # An empty list teaches those who may see pipelines; somebody else learns that the page is not theirs.
        raise PermissionDenied("Pipelines are for people with a role.")
    return render(
        request,
        "pipelines/list.html",
        {"lines": lines, "may_run": selectors.may_run(request.user), "who_may": WHO_MAY},
    )


@require_GET
def pipeline(request: HttpRequest, name: str) -> HttpResponse:
    found = pipeline_or_404(cast(User, request.user), name)
    newest = tuple(found.runs.select_related("run").order_by("-id")[:SHOWN])
    definition, broken = _definition(name)
    cursors = {cursor.dataset: cursor for cursor in found.cursors.all()}
    context = {
        "pipeline": found,
        "line": selectors.line_of(found, newest[: selectors.STRIP]),
        "runs": newest,
        "definition": definition,
        "broken": broken,
        "datasets": [
            {"extract": extract, "target": ".".join(extract.target), "cursor": cursors.get(extract.key)}
            for extract in (definition.extracts if definition else ())
        ],
        "may_run": selectors.may_run(request.user),
        "who_may": WHO_MAY,
    }
    return render(request, "pipelines/pipeline.html", context)


def _definition(name: str) -> tuple[Definition | None, str]:
    """The page of a pipeline whose definition cannot be imported says so, and still shows its runs."""
    try:
        return definition_of(name), ""
    except UnknownPipeline as error:
        return None, str(error)


@require_POST
def start(request: HttpRequest, name: str) -> HttpResponse:
    found, person = pipeline_or_404(cast(User, request.user), name), runner(request)
    try:
        started = services.start(actor=Actor.of(person), pipeline=found, started_by=person)
    except PipelineBusy as error:
        messages.warning(request, str(error))
        place = reverse("pipelines:run", args=[error.holder]) if error.holder else found_page(found)
        return redirect(place)
    except UnknownPipeline as error:
        messages.error(request, str(error))
        return redirect(found_page(found))
    return redirect("pipelines:run", run_id=started.run_id)


@require_POST
def schedule(request: HttpRequest, name: str) -> HttpResponse:
    found, person = pipeline_or_404(cast(User, request.user), name), runner(request)
    try:
        services.set_schedule(
            actor=Actor.of(person),
            pipeline=found,
            owner=person,
            schedule=request.POST.get("schedule", ""),
            paused="paused" in request.POST,
        )
    except BadSchedule as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "The schedule is yours now: due runs start in your name.")
    return redirect(found_page(found))


def found_page(found: Pipeline) -> str:
    return reverse("pipelines:pipeline", args=[found.name])


@require_GET
def run(request: HttpRequest, run_id: int) -> HttpResponse:
    found = run_or_404(cast(User, request.user), run_id)
    context = {**_figures(found), **steps_context(request, found.run)}
    return render(request, "pipelines/run.html", context)


@require_GET
def figures(request: HttpRequest, run_id: int) -> HttpResponse:
    """The part of the run's page that grows while it works."""
    found = run_or_404(cast(User, request.user), run_id)
    told = {"summary": summary(found.run), "reason": reason_of(cast(User, request.user), found.run)}
    return render(request, "pipelines/_figures.html", {**_figures(found), **told})


def _figures(found: PipelineRun) -> dict[str, object]:
    return {
        "pipeline_run": found,
        "pipeline": found.pipeline,
        "run": found.run,
        "active": found.run.state in ACTIVE,
        "report": report(found),
    }
