import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from apps.queries.access import person
from apps.queries.roles import QUERIERS
from apps.queries.saved.types import Invalid
from apps.queries.saved.views import visible
from apps.queries.schedules import services
from portal.accounts.guards import requires_role
from portal.accounts.selectors import current_purpose
from portal.audit.types import Actor


@requires_role(*QUERIERS)
@require_POST
def set_times(request: HttpRequest, saved: uuid.UUID) -> HttpResponse:
    """Under the purpose of this moment, which the page says."""
    query, user = visible(request, saved), person(request)
    try:
        row = services.set_schedule(
            actor=Actor.of(user),
            user=user,
            query=query,
            times=request.POST.get("times", ""),
            purpose=current_purpose(request),
        )
    except Invalid as problem:
        messages.error(request, f"Not scheduled. {problem}")
    else:
        messages.success(request, "It runs by itself now, as you." if row else "It no longer runs by itself.")
    return redirect(query)
