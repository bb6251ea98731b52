"""The parts of a model's page that tell what serves and how it drifts, and the page of one report."""

from typing import cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET, require_POST

from apps.models.drift import files, selectors, services
from apps.models.drift.charts import line_of, picture_of
from apps.models.models import RegisteredModel
from apps.models.observed import DriftReport
from portal.accounts.models import User
from portal.audit.types import Actor

WHO_MAY = "ML engineers can start a comparison."
# Evidently's page brings its scripts inline and asks for nothing else. In a sandbox without an origin of its own it
# reaches no cookie, no storage and no other page; `connect-src` and the rest are closed by `default-src`.
FRAME_POLICY = "; ".join(
    (
        "sandbox allow-scripts",
        "default-src 'none'",
        "script-src 'unsafe-inline'",
        "style-src 'unsafe-inline'",
        "img-src data:",
        "font-src data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'self'",
    )
)
# Without an origin even looking at localStorage raises, and Evidently looks. It gets one that forgets.
SHIM = b"""<script>for (const name of ["localStorage", "sessionStorage"]) Object.defineProperty(window, name,
{value: {getItem: () => null, setItem: () => {}, removeItem: () => {}}});</script>"""


def model_or_404(request: HttpRequest, name: str) -> RegisteredModel:
    try:
        return selectors.model_for(request.user, name)
    except RegisteredModel.DoesNotExist:
        raise Http404(f"No model {name}.") from None


def report_or_404(request: HttpRequest, name: str, report_id: int) -> DriftReport:
    found = selectors.reports_of(model_or_404(request, name)).filter(pk=report_id).first()
    if found is None:
        raise Http404(f"No report {report_id}.")
    return found


def is_fragment(request: HttpRequest) -> bool:
    return request.headers.get("HX-Request") == "true"


@require_GET
def drift(request: HttpRequest, name: str) -> HttpResponse:
    """A page of its own, and the same part alone for the model's page."""
    model = model_or_404(request, name)
    reports = list(selectors.reports_of(model)[: selectors.SHOWN])
    context = {
        "model": model,
        "reports": reports,
        "latest": reports[0] if reports else None,
        "line": line_of(reports),
        "may_run": selectors.may_run(request.user),
        "who_may": WHO_MAY,
    }
    return render(request, "models/_drift.html" if is_fragment(request) else "models/drift.html", context)


@require_GET
def serving(request: HttpRequest, name: str) -> HttpResponse:
    model = model_or_404(request, name)
    context = {"model": model, "service": selectors.service_of(model)}
    return render(request, "models/_serving.html" if is_fragment(request) else "models/serving.html", context)


@require_POST
def run(request: HttpRequest, name: str) -> HttpResponse:
    model, person = model_or_404(request, name), cast(User, request.user)
    if not selectors.may_run(person):
        raise PermissionDenied(WHO_MAY)
    started = services.start(actor=Actor.of(person), model=model, started_by=person)
    messages.success(request, f"Run {started.pk} compares the inferences with the training rows.")
    return redirect("models:drift", name=model.name)


@require_GET
def report(request: HttpRequest, name: str, report_id: int) -> HttpResponse:
    found = report_or_404(request, name, report_id)
    pictures = [picture_of(figure) for figure in found.figures]
    context = {
        "model": found.model,
        "report": found,
        "inputs": sorted(pictures[:-1], key=lambda each: -each.psi),
        "score": pictures[-1] if pictures else None,
        "drifted": sum(each.drifted for each in pictures[:-1]),
        "drawn": bool(found.html_bytes) and files.path_of(found.pk).is_file(),
    }
    return render(request, "models/drift_report.html", context)


@xframe_options_sameorigin
@require_GET
def frame(request: HttpRequest, name: str, report_id: int) -> HttpResponse:
    """Evidently's page, for the frame on the report's page and for nothing else."""
    found = report_or_404(request, name, report_id)
    try:
        html = files.read(found.pk)
    except FileNotFoundError:
        raise Http404("This report was not drawn, or is kept no longer.") from None
    answer = HttpResponse(html.replace(b"<head>", b"<head>" + SHIM, 1))
    answer["Content-Security-Policy"] = FRAME_POLICY
    answer["Cache-Control"] = "private, no-store"
    return answer
