"""Changes of the whole catalog between two days, as page, CSV and API; and what is left of a retired dataset."""

import csv
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.catalog.history.selectors import (
    Asked,
    Line,
    TooManyChanges,
    differences,
    first_looks,
    known_datasets,
    of_dataset,
    told,
)
from apps.catalog.history.types import What
from apps.catalog.selectors import sources_for
from apps.catalog.spreadsheets import unformulated

PAGE_SIZE = 100
MOST = 1_000
DAYS = 7
YEARS = range(1970, 9_000)
PLAIN = ("column", "what", "change", "before", "after", "breaking")
CSV_HEAD = ("at", "source", "dataset", *PLAIN, "downstream", "owners")


class NotUnderstood(ValueError):
    """What was asked for in the address, and how it is written."""


def asked_by(query: Mapping[str, Any]) -> Asked:
    """Raises NotUnderstood."""
    today = timezone.now().date()
    last = _day(query, "to", today)
    first = _day(query, "from", min(last, today) - timedelta(days=DAYS))
    if first > last:
        raise NotUnderstood("The first day comes after the last. Exchange them.")
    what = str(query.get("what", ""))
    if what and what not in What.values:
        raise NotUnderstood(f"There is no such kind of change. Choose one of: {', '.join(What.values)}.")
    source = str(query.get("source", "")).replace("\0", "")[:100]
    return Asked(first, last, source, what, breaking=str(query.get("breaking", "")) in ("1", "true"))


def _day(query: Mapping[str, Any], name: str, otherwise: date) -> date:
    text = str(query.get(name, ""))
    if not text:
        return otherwise
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.min
    if day.year not in YEARS:
        raise NotUnderstood(f"“{name}” is not a day. Write it like {otherwise.isoformat()}.")
    return day


def changes(request: HttpRequest) -> HttpResponse:
    error, lines, looks = "", [], []
    try:
        asked = asked_by(request.GET)
        lines, looks = differences(request.user, asked), first_looks(request.user, asked)
    except (NotUnderstood, TooManyChanges) as refused:
        error = str(refused)
        asked = asked_by({}) if isinstance(refused, NotUnderstood) else asked_by(request.GET)
    context = {
        "asked": asked,
        "page": Paginator(lines, PAGE_SIZE).get_page(request.GET.get("page")),
        "looks": looks,
        "breaking": sum(line.breaking for line in lines),
        "sources": sources_for(request.user),
        "kinds": What.choices,
        "error": error,
        "address": _address(asked),
    }
    return render(request, "catalog/changes.html", context, status=400 if error else 200)


def _address(asked: Asked) -> str:
    kept = {
        "from": asked.first.isoformat(),
        "to": asked.last.isoformat(),
        "source": asked.source,
        "what": asked.what,
        "breaking": "1" if asked.breaking else "",
    }
    return urlencode({name: value for name, value in kept.items() if value})


def changes_csv(request: HttpRequest) -> HttpResponse:
    try:
        asked = asked_by(request.GET)
        lines = differences(request.user, asked)
    except (NotUnderstood, TooManyChanges) as refused:
        return HttpResponse(str(refused), status=400, content_type="text/plain; charset=utf-8")
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="changes-{asked.first}-{asked.last}.csv"'
    writer = csv.writer(response)
    writer.writerow(CSV_HEAD)
    for line in lines:
        writer.writerow([unformulated(str(cell)) for cell in _cells(line)])
    return response


def _cells(line: Line) -> list[object]:
    row = told(line)
    path = ".".join(row["path"])
    below = ", ".join(f"{each.source.name}: {each.title}" for each in line.below)
    owners = ", ".join(sorted({each.owner for each in line.below if each.owner}))
    return [row["at"].isoformat(), row["source"], path, *(row[name] for name in PLAIN), below, owners]


def history(request: HttpRequest, pk: int) -> HttpResponse:
    """What is kept of a dataset that is gone from its store, for whoever could see it. A live one has a tab."""
    found = known_datasets(request.user).filter(pk=pk).first()
    if found is None:
        raise Http404(f"No dataset {pk}.")
    if found.retired_at is None:
        return redirect(f"{reverse('catalog:dataset', args=[pk])}?tab=history")
    context = {
        "dataset": found,
        "changes": of_dataset(request.user, found),
        "columns": found.columns.order_by("position", "id"),
    }
    return render(request, "catalog/retired.html", context)


class Changes(APIView):
    """`GET /api/catalog/changes/?from=2026-03-01&to=2026-03-31`: what these days come to, of what one may see;
    `source`, `what` and `breaking=1` narrow."""

    def get(self, request: Request) -> Response:
        try:
            asked = asked_by(request.query_params)
            lines = differences(request.user, asked)
        except (NotUnderstood, TooManyChanges) as refused:
            raise ValidationError({"detail": str(refused)}) from refused
        looks = first_looks(request.user, asked)
        return Response(
            {
                "from": asked.first,
                "to": asked.last,
                "count": len(lines),
                "first_looks": [vars(each) for each in looks],
                "results": [told(line) for line in lines[:MOST]],
            }
        )
