from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.catalog.selectors import datasets_for
from apps.catalog.suggestions.models import Suggestion
from apps.catalog.suggestions.services import decide
from portal.accounts.models import User
from portal.accounts.selectors import Someone, has_role
from portal.accounts.types import Role
from portal.audit.types import Actor

DECIDERS = (Role.STEWARD, Role.OFFICER, Role.ADMINISTRATOR)
PAGE_SIZE = 50
MOST = 500


def open_for(person: Someone) -> QuerySet[Suggestion]:
    """Open ones about datasets that the person may know of, the surest first."""
    known = datasets_for(person).order_by().values("pk")
    rows = Suggestion.objects.filter(state=Suggestion.State.OPEN, column__dataset__in=known)
    return rows.select_related("column__dataset__source")


@require_http_methods(["GET", "POST"])
def suggestions(request: HttpRequest) -> HttpResponse:
    person = request.user
    may_decide = has_role(person, *DECIDERS)
    if request.method == "POST":
        if not may_decide or not isinstance(person, User):
            raise PermissionDenied("Stewards and compliance officers decide about categories.")
        chosen = [int(each) for each in request.POST.getlist("suggestion") if each.isdecimal() and len(each) < 18]
        seen = list(open_for(person).filter(pk__in=chosen).values_list("pk", flat=True))
        n = decide(actor=Actor.of(person), suggestions=seen, accept=request.POST.get("answer") == "accept")
        return redirect(f"{reverse('catalog:suggestions')}?decided={n}")
    everything = open_for(person)
    chosen_by = {name: request.GET.get(name, "").replace("\0", "")[:200] for name in ("source", "category")}
    rows = everything
    if chosen_by["source"]:
        rows = rows.filter(column__dataset__source__name=chosen_by["source"])
    if chosen_by["category"]:
        rows = rows.filter(category=chosen_by["category"])
    decided = request.GET.get("decided", "")
    context = {
        "page": Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page")),
        "sources": _counts(everything, "column__dataset__source__name"),
        "categories": _counts(everything, "category"),
        "chosen": chosen_by,
        "may_decide": may_decide,
        "decided": decided if decided.isdecimal() and len(decided) < 9 else "",
    }
    return render(request, "catalog/suggestions.html", context)


def _counts(rows: QuerySet[Suggestion], field: str) -> list[tuple[str, int]]:
    return list(rows.order_by().values_list(field).annotate(n=Count("pk")).order_by("-n", field))


class Suggestions(APIView):
    """`GET /api/catalog/suggestions/`: open suggestions for columns that one may know of; `?source=`, `?category=`."""

    def get(self, request: Request) -> Response:
        rows = open_for(request.user)
        if source := request.query_params.get("source", "").replace("\0", ""):
            rows = rows.filter(column__dataset__source__name=source)
        if category := request.query_params.get("category", "").replace("\0", ""):
            rows = rows.filter(category=category)
        return Response({"count": rows.count(), "results": [_told(each) for each in rows[:MOST]]})


def _told(each: Suggestion) -> dict[str, Any]:
    return {
        "id": each.pk,
        "source": each.column.dataset.source.name,
        "dataset": each.column.dataset_id,
        "path": list(each.column.dataset.path),
        "column": each.column.name,
        "category": each.category,
        "score": each.score,
        "evidence": each.evidence,
        "made_at": each.made_at,
    }
