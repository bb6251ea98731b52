"""Error pages: what happened, and the way forward. Addresses under /api/ get the same as JSON."""

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from portal.accounts.guards import RoleMissing
from portal.accounts.models import User
from portal.accounts.selectors import people_with
from portal.accounts.types import Role


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return plain(request, HTTPStatus.BAD_REQUEST, "errors/400.html", "The request could not be read.")


def refused(request: HttpRequest, exception: Exception) -> HttpResponse:
    message = str(exception) or "You may not do this."
    if is_api(request) or not signed_in(request):
        return plain(request, HTTPStatus.FORBIDDEN, "errors/403_bare.html", message)
    roles = exception.roles if isinstance(exception, RoleMissing) else ()
    context = {"message": message, "roles": roles, "deciders": people_with(Role.ADMINISTRATOR)}
    return render(request, "errors/403.html", context, status=HTTPStatus.FORBIDDEN)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_api(request) or not signed_in(request):
        return plain(request, HTTPStatus.NOT_FOUND, "errors/404_bare.html", "Not found.")
    return render(request, "errors/404.html", status=HTTPStatus.NOT_FOUND)


def broken(request: HttpRequest) -> HttpResponse:
    return plain(request, HTTPStatus.INTERNAL_SERVER_ERROR, "errors/500.html", "Something broke in the portal.")


def stale_form(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's view for a form without a valid CSRF token: mostly a page that was left open over a sign-out."""
    message = "This form is out of date."
    return plain(request, HTTPStatus.FORBIDDEN, "errors/stale.html", message)


def is_api(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


def signed_in(request: HttpRequest) -> bool:
    return isinstance(getattr(request, "user", None), User)


def plain(request: HttpRequest, status: HTTPStatus, template: str, message: str) -> HttpResponse:
    """Without the frame and without the database, which may be what is broken."""
    if is_api(request):
        return JsonResponse({"detail": message}, status=status)
    return HttpResponse(render_to_string(template, {"message": message}), status=status)
