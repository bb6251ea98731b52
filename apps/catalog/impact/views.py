import csv
from dataclasses import asdict
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.catalog.impact.selectors import FILTERS, Impact, column_for, impact
from apps.catalog.impact.walk import MOST_HOPS, Direction
from apps.catalog.models import Column
from apps.catalog.spreadsheets import unformulated
from portal.accounts.selectors import Someone

PAGE_SIZE = 100
USUAL_HOPS = 6
MOST_TOLD = 5_000  # lines of one answer of the API
HEAD = ("store", "dataset", "column", "hops", "edge", "how", "kind", "owner", "category", "certainty")


class Unclear(ValueError):
    """The question cannot be read; the text says what is expected."""


def asked(person: Someone, pk: int, query: Any) -> tuple[Column, Impact, dict[str, str]]:
    """Raises Http404 and Unclear."""
    column = column_for(person, pk)
    if column is None:
        raise Http404(f"No column {pk}.")
    hops = query.get("hops", "") or str(USUAL_HOPS)
    if not (hops.isascii() and hops.isdigit() and len(hops) < 3 and 1 <= int(hops) <= MOST_HOPS):
        raise Unclear(f"hops is a whole number from 1 to {MOST_HOPS}.")
    direction = query.get("direction", "") or "downstream"
    if direction not in ("downstream", "upstream"):
        raise Unclear("direction is downstream or upstream.")
    way: Direction = "upstream" if direction == "upstream" else "downstream"
    wanted = {name: query.get(name, "")[:300] for name in FILTERS}
    rows = query.get("rows", "") == "1"
    found = impact(person, column, way, hops=int(hops), rows=rows, wanted=wanted)
    chosen = {"direction": direction, "hops": hops, "rows": "1" if rows else "", **wanted}
    return column, found, chosen


def page(request: HttpRequest, pk: int) -> HttpResponse:
    problem = ""
    try:
        column, found, chosen = asked(request.user, pk, request.GET)
    except Unclear as unclear:
        problem = str(unclear)
        column, found, chosen = asked(request.user, pk, {})
    context = {
        "column": column,
        "dataset": column.dataset,
        "found": found,
        "chosen": chosen,
        "problem": problem,
        "page": Paginator(found.lines, PAGE_SIZE).get_page(request.GET.get("page")),
        "facets": [(name, [(v, n, _address(chosen, name, v)) for v, n in found.counts[name]]) for name in FILTERS],
        "filters": [(name, chosen[name], _address(chosen, name, "")) for name in FILTERS if chosen[name]],
        "address": _address(chosen, "page", ""),
        "other_rows": _address(chosen, "rows", "" if chosen["rows"] else "1"),
    }
    return render(request, "catalog/impact.html", context, status=400 if problem else 200)


def _address(chosen: dict[str, str], name: str, value: str) -> str:
    return "?" + urlencode({key: each for key, each in {**chosen, name: value}.items() if each})


def as_csv(request: HttpRequest, pk: int) -> HttpResponse:
    try:
        column, found, chosen = asked(request.user, pk, request.GET)
    except Unclear as unclear:
        return HttpResponse(str(unclear), status=400, content_type="text/plain; charset=utf-8")
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="impact-{column.pk}-{chosen["direction"]}.csv"'
    writer = csv.writer(response)
    writer.writerow(HEAD)
    writer.writerows([unformulated(str(_told(line)[name])) for name in HEAD] for line in found.lines)
    return response


def _told(line: Any) -> dict[str, Any]:
    told = asdict(line)
    return {**told, "dataset": line.title, "dataset_id": line.dataset}


class ImpactView(APIView):
    """`GET /api/catalog/columns/{id}/impact/?direction=downstream&hops=6&rows=1&store=&owner=&category=&kind=`."""

    def get(self, request: Request, pk: int) -> Response:
        try:
            column, found, chosen = asked(request.user, pk, request.query_params)
        except Unclear as unclear:
            raise ValidationError({"detail": str(unclear)}) from None
        return Response(
            {
                "column": column.name,
                "dataset": column.dataset_id,
                **{name: chosen[name] for name in ("direction", "hops")},
                "columns": len(found.lines),
                "datasets": found.datasets,
                "reached": found.reached,
                "more": found.more or len(found.lines) > MOST_TOLD,
                "counts": {name: dict(values) for name, values in found.counts.items()},
                "results": [_told(line) for line in found.lines[:MOST_TOLD]],
            }
        )
