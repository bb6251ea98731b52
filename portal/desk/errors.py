"""Error pages."""

from django.http import HttpRequest, HttpResponse


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return HttpResponse("Bad request", status=400)


def refused(request: HttpRequest, exception: Exception) -> HttpResponse:
    return HttpResponse("Refused", status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return HttpResponse("Not found", status=404)


def broken(request: HttpRequest) -> HttpResponse:
    return HttpResponse("Broken", status=500)
