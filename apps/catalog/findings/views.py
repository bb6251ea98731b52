from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.catalog.details import knows_all
from apps.catalog.findings.models import Finding
from apps.catalog.findings.selectors import counts, open_findings, title
from apps.catalog.models import Dataset
from portal.accounts.selectors import Someone

PAGE_SIZE = 50
MOST = 500


def findings(request: HttpRequest) -> HttpResponse:
    everything = open_findings(request.user)
    chosen = {name: request.GET.get(name, "").replace("\0", "")[:100] for name in ("kind", "source")}
    rows = everything
    if chosen["kind"]:
        rows = rows.filter(kind=chosen["kind"])
    if chosen["source"]:
        rows = rows.filter(source__name=chosen["source"])
    context = {
        "page": Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page")),
        "kinds": [(kind, title(kind), n) for kind, n in counts(everything, "kind")],
        "sources": counts(everything, "source__name"),
        "chosen": chosen,
        "knows_all": knows_all(request.user),
    }
    return render(request, "catalog/findings.html", context)


def tab(person: Someone, found: Dataset) -> dict[str, Any]:
    """What the dataset's page says of its findings."""
    return {"findings": open_findings(person).filter(dataset=found)}


class Findings(APIView):
    """`GET /api/catalog/findings/`: open findings about what one may see; `?dataset=`, `?kind=` narrow."""

    def get(self, request: Request) -> Response:
        rows = open_findings(request.user)
        if kind := request.query_params.get("kind", ""):
            rows = rows.filter(kind=kind.replace("\0", ""))
        if (dataset := request.query_params.get("dataset", "")).isdecimal():
            rows = rows.filter(dataset_id=int(dataset) if len(dataset) < 18 else -1)
        told = knows_all(request.user)
        return Response({"count": rows.count(), "results": [_told(each, told) for each in rows[:MOST]]})


def _told(finding: Finding, everything: bool) -> dict[str, Any]:
    return {
        "kind": finding.kind,
        "title": finding.title,
        "source": finding.source.name,
        "dataset": finding.dataset_id,
        "path": list(finding.dataset.path) if finding.dataset else [],
        "column": finding.column,
        "summary": finding.summary,
        "detail": finding.detail if everything else "",
        "evidence": finding.evidence,
        "opened_at": finding.opened_at,
        "seen_at": finding.seen_at,
    }
