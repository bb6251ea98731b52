from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from portal.accounts.guards import requires_role
from portal.accounts.types import Role


@requires_role(Role.ENGINEER, Role.STEWARD, Role.OFFICER, Role.AUDITOR, Role.ADMINISTRATOR)
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    return render(request, "models/index.html")
