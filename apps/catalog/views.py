import csv
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse

from apps.catalog import details
from apps.catalog.marks.views import of_dataset as of_mark
from apps.catalog.models import Dataset
from apps.catalog.search import FACETS, Facet, Wanted, facets, find, reasons
from apps.catalog.selectors import datasets_for, filling, sources_for
from apps.catalog.spreadsheets import unformulated
from apps.catalog.tabs import TABS
from apps.catalog.types import SourceKind
from portal.accounts.selectors import Someone, roles_of

PAGE_SIZE = 25


def wanted_by(query: Any) -> Wanted:
    return Wanted(text=query.get("q", "").strip()[:200], **{name: query.get(name, "")[:600] for name in FACETS})


def dataset_or_404(person: Someone, pk: int) -> Dataset:
    """One answer for what is not there and for what this person may not know of."""
    found = datasets_for(person).filter(pk=pk).first()
    if found is None:
        raise Http404(f"No dataset {pk}.")
    return found


def home(request: HttpRequest) -> HttpResponse:
    wanted = wanted_by(request.GET)
    results = find(request.user, wanted)
    page = Paginator(results, PAGE_SIZE).get_page(request.GET.get("page"))
    rows = list(page.object_list)
    why = reasons(rows, wanted)
    context = {
        "wanted": wanted,
        "page": page,
        "more": results.more,
        "results": [(dataset, why.get(dataset.pk, "")) for dataset in rows],
        "facets": [_choices(request, facet) for facet in facets(request.user, wanted, results)],
        "chosen": [(name, value, _address(request, name, "")) for name in FACETS if (value := getattr(wanted, name))],
        "sources": sources_for(request.user),
        "filling": "" if rows else filling(),
        "address": _address(request, "page", ""),
    }
    return render(request, "catalog/home.html", context)


def _choices(request: HttpRequest, facet: Facet) -> dict[str, Any]:
    now = request.GET.get(facet.name, "")
    return {
        "name": facet.name,
        "values": [
            {"value": value, "n": n, "chosen": value == now, "url": _address(request, facet.name, value)}
            for value, n in facet.values
        ],
    }


def _address(request: HttpRequest, name: str, value: str) -> str:
    """This page's address with one thing changed, back at its first page."""
    kept = {k: v for k, v in request.GET.items() if v and k not in ("page", name) and k in ("q", *FACETS)}
    return "?" + urlencode(kept | ({name: value} if value else {}))


def dataset(request: HttpRequest, pk: int) -> HttpResponse:
    found = dataset_or_404(request.user, pk)
    tab = request.GET.get("tab", "columns")
    own = {each.key: each for each in TABS}
    others = {each["key"]: each for each in foreign_tabs(found)}
    if tab not in own and tab not in others:
        raise Http404(f"No tab {tab}.")
    context = {
        "dataset": found,
        "tab": tab,
        "tabs": [
            *((each.key, each.title) for each in TABS),
            *((each["key"], each["title"]) for each in others.values()),
        ],
        **of_mark(request.user, found),
        "template": own[tab].template if tab in own else "",
        "action": action_of(request.user, found),
        "fragment": others.get(tab, {}).get("address", ""),
        "sensitivity": details.sensitivity(list(found.columns.filter(retired_at=None))),
        "open_findings": found.findings.filter(closed_at=None).count(),
        "failing": found.checks.filter(passed=False).count(),
        "knows_all": details.knows_all(request.user),
        "with_rows": request.GET.get("rows") == "1",
        **(own[tab].context(request.user, found) if tab in own else {}),
    }
    return render(request, "catalog/dataset.html", context)


def action_of(person: Someone, found: Dataset) -> dict[str, str]:
    """What another app offers to do with a dataset; nothing for those who may not."""
    named = settings.DATASET_ACTION
    if found.source.kind == SourceKind.MODELS:
        return {"title": "Open model", "address": reverse(settings.MODEL_PAGE, args=[found.name])}
    if not named or not {str(role) for role in roles_of(person)} & set(named["roles"].split()):
        return {}
    return {"title": named["title"], "address": reverse(named["url"], args=[found.pk])}


def foreign_tabs(found: Dataset) -> list[dict[str, str]]:
    """Tabs that other apps own, as addresses of fragments; one that is named before it is built is left out."""
    tabs: list[dict[str, str]] = []
    if found.source.kind == SourceKind.MODELS:
        return tabs  # it holds no rows to look at or to query
    for each in settings.DATASET_TABS:
        try:
            address = reverse(each["url"], args=[found.pk])
        except NoReverseMatch:
            continue
        tabs.append({"key": each["key"], "title": each["title"], "address": address})
    return tabs


CSV_HEAD = ("position", "name", "type", "nullable", "meaning", "category", "certainty", "evidence", "upstream")


def columns_csv(request: HttpRequest, pk: int) -> HttpResponse:
    found = dataset_or_404(request.user, pk)
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{found.source.name}-{found.pk}-columns.csv"'
    writer = csv.writer(response)
    writer.writerow(CSV_HEAD)
    for line in details.lines(request.user, found):
        c = line.column
        row = (
            c.position,
            c.name,
            c.type,
            c.nullable,
            line.meaning,
            c.category,
            c.certainty,
            line.evidence,
            line.upstream,
        )
        writer.writerow([unformulated(str(cell)) for cell in row])
    return response
