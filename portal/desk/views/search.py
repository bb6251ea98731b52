from collections import Counter
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from portal.accounts.models import User
from portal.desk import search
from portal.desk.types import Hit

PAGE_LIMIT = 100
PALETTE_LIMIT = 12


def person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # LoginRequiredMiddleware let nobody else in
    return request.user


@dataclass(frozen=True)
class Kind:
    name: str
    count: int


@require_GET
def search_page(request: HttpRequest) -> HttpResponse:
    text, kind = request.GET.get("q", "").strip(), request.GET.get("kind", "")
    hits = search.search(person(request), text, PAGE_LIMIT)
    kinds = [Kind(name, count) for name, count in Counter(hit.kind for hit in hits).most_common()]
    shown = [hit for hit in hits if not kind or hit.kind == kind]
    context = {"text": text, "kind": kind, "kinds": kinds, "hits": shown, "count": len(hits), "limit": PAGE_LIMIT}
    return render(request, "desk/search.html", context)


@require_GET
@never_cache
def palette(request: HttpRequest) -> HttpResponse:
    """`{"groups": [{"name", "items": [{"kind", "title", "path", "url", "why"}]}]}` for <command-palette>."""
    groups = search.palette_groups(person(request), request.GET.get("q", ""), PALETTE_LIMIT)
    return JsonResponse({"groups": [{"name": name, "items": [as_json(hit) for hit in hits]} for name, hits in groups]})


def as_json(hit: Hit) -> dict[str, str]:
    return {"kind": hit.kind, "title": hit.title, "path": hit.path, "url": hit.url, "why": hit.why}
