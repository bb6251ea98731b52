import csv
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.catalog.csv_cells import plain
from apps.catalog.history.selectors import Diff, Difference, changes_for, diff
from apps.catalog.models import Dataset
from apps.catalog.selectors import sources_for
from portal.accounts.selectors import Someone

PAGE_SIZE = 100
OF_A_DATASET = 50
USUAL = timedelta(days=7)
HEAD = ("source", "dataset", "column", "what", "before", "after", "breaking", "at", "downstream", "owners")


class Unclear(ValueError):
    """The period cannot be read; the text says what is expected."""


def period(query: Any) -> tuple[date, date]:
    """Both days are whole: the schema as it was before the first, beside the schema at the end of the last."""
    today = timezone.now().astimezone(UTC).date()
    end = _day(query.get("to", ""), today)
    start = _day(query.get("from", ""), end - USUAL)
    if start > end:
        raise Unclear("The first day comes after the last.")
    return start, end


def _day(text: str, otherwise: date) -> date:
    try:
        return date.fromisoformat(text) if text else otherwise
    except ValueError:
        raise Unclear("Write days as 2026-11-27.") from None


def asked(person: Someone, query: Any) -> tuple[Diff, date, date]:
    start, end = period(query)
    first = datetime.combine(start, time.min, UTC)
    last = datetime.combine(end, time.max, UTC)
    return diff(person, start=first, end=last, source=query.get("source", "").replace("\0", "")[:100]), start, end


def changes(request: HttpRequest) -> HttpResponse:
    problem = ""
    try:
        found, start, end = asked(request.user, request.GET)
    except Unclear as unclear:
        problem = str(unclear)
        found, start, end = asked(request.user, {})
    shown = [d for d in found.differences if d.breaking] if request.GET.get("breaking") else list(found.differences)
    kept = {"from": start.isoformat(), "to": end.isoformat(), "source": request.GET.get("source", "")}
    context = {
        "problem": problem,
        "page": Paginator(shown, PAGE_SIZE).get_page(request.GET.get("page")),
        "breaking": sum(d.breaking for d in found.differences),
        "all": len(found.differences),
        "cut": found.cut,
        "start": start,
        "end": end,
        "only_breaking": bool(request.GET.get("breaking")),
        "source": kept["source"],
        "sources": sources_for(request.user),
        "address": "?" + urlencode(kept),
    }
    return render(request, "catalog/changes.html", context, status=400 if problem else 200)


def changes_csv(request: HttpRequest) -> HttpResponse:
    try:
        found, start, end = asked(request.user, request.GET)
    except Unclear as unclear:
        return HttpResponse(str(unclear), status=400, content_type="text/plain; charset=utf-8")
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="schema-changes-{start}-{end}.csv"'
    writer = csv.writer(response)
    writer.writerow(HEAD)
    writer.writerows([plain(str(cell)) for cell in _told(each).values()] for each in found.differences)
    return response


class ChangesView(APIView):
    """`GET /api/catalog/changes/?from=2026-11-01&to=2026-11-27&source=`: how the schema at the end of the last day
    differs from what it was before the first, of datasets one may see. `truncated`: the period has to be shorter."""

    def get(self, request: Request) -> Response:
        try:
            found, start, end = asked(request.user, request.query_params)
        except Unclear as unclear:
            raise ValidationError({"from": str(unclear)}) from None
        results = [_told(each) | {"dataset_id": each.dataset.pk} for each in found.differences]
        return Response({"from": start, "to": end, "truncated": found.cut, "results": results})


def _told(each: Difference) -> dict[str, Any]:
    return {
        "source": each.dataset.source.name,
        "dataset": each.dataset.title,
        "column": each.column,
        "what": str(each.what),
        "before": each.before,
        "after": each.after,
        "breaking": each.breaking,
        "at": each.at.isoformat(),
        "downstream": " ".join(f"{d.source.name}:{d.title}" for d in each.downstream),
        "owners": " ".join(sorted({d.owner for d in each.downstream if d.owner})),
    }


def of_dataset(person: Someone, found: Dataset) -> list[Any]:
    """The latest changes of one dataset's schema, for its page."""
    return list(changes_for(person).filter(dataset=found).order_by("-at", "-pk")[:OF_A_DATASET])
