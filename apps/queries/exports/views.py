import uuid

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from apps.queries.access import own, person
from apps.queries.exports import services
from apps.queries.exports.responses import answer_of
from apps.queries.exports.types import NotExported
from apps.queries.roles import QUERIERS
from portal.accounts.guards import requires_role
from portal.audit.types import Actor


@requires_role(*QUERIERS)
@require_http_methods(["GET", "POST"])
def export(request: HttpRequest, execution: uuid.UUID) -> HttpResponseBase:
    """`?format=csv|xlsx|parquet|arrow`, or the same in a form."""
    row = own(request, str(execution))
    word = request.POST.get("format") or request.GET.get("format", "")
    try:
        return answer_of(services.export(actor=Actor.of(person(request)), execution=row, word=word))
    except NotExported as refused:
        return told(request, refused)


def told(request: HttpRequest, refused: NotExported) -> HttpResponse:
    return render(request, "queries/not_exported.html", {"refused": refused}, status=refused.status)
