from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from apps.compliance.openings import Language, language, languages
from apps.queries.access import person
from apps.queries.functions import services
from apps.queries.roles import QUERIERS
from portal.accounts.guards import requires_role
from portal.accounts.selectors import has_role
from portal.accounts.types import Role
from portal.audit.types import Actor
from portal.notices.selectors import notices_for


@requires_role(*QUERIERS)
@require_GET
def functions(request: HttpRequest) -> HttpResponse:
    """All that queries may call, by store; `q` is a part of a name, `name` one that somebody was refused."""
    sought = request.GET.get("q", "")[:80]
    officer = has_role(person(request), Role.OFFICER)
    context = {
        "languages": [one.having(sought) for one in languages()],
        "q": sought,
        "name": request.GET.get("name", "")[:80],
        "source": request.GET.get("source", ""),
        "asked": notices_for(person(request)).filter(kind=services.KIND) if officer else [],
    }
    return render(request, "queries/functions.html", context)


@requires_role(*QUERIERS)
@require_POST
def ask(request: HttpRequest) -> HttpResponse:
    user, name = person(request), request.POST.get("name", "")
    try:
        services.ask_for_function(
            actor=Actor.of(user), user=user, language=known(request.POST.get("kind", "")), name=name
        )
    except services.Invalid as problem:
        messages.error(request, str(problem))
    else:
        messages.success(request, f"Asked. A compliance officer decides about {name.strip()}.")
    return redirect("queries:functions")


@requires_role(Role.OFFICER)
@require_POST
def close(request: HttpRequest) -> HttpResponse:
    services.close_request(actor=Actor.of(person(request)), key=request.POST.get("key", "")[:100])
    return redirect("queries:functions")


def known(kind: str) -> Language:
    if kind not in {one.kind for one in languages()}:
        raise Http404("There is no such store.")
    return language(kind)
