"""The Content-Security-Policy of every page: nothing from elsewhere, nothing inline without this answer's nonce."""

import secrets
from collections.abc import Awaitable, Callable
from inspect import iscoroutinefunction

from asgiref.sync import markcoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase

HEADER = "Content-Security-Policy"


def policy(nonce: str) -> str:
    """No `unsafe-inline`, no `unsafe-eval`. Images also from `data:`, for charts that people save as a picture."""
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src 'self' 'nonce-{nonce}'",
            f"style-src 'self' 'nonce-{nonce}'",
            "img-src 'self' data:",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


class ContentSecurityPolicyMiddleware:
    """Gives the request `csp_nonce` and the answer its policy, unless a view set a stricter one of its own."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]) -> None:
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        nonce = secrets.token_urlsafe(18)
        request.csp_nonce = nonce  # type: ignore[attr-defined]
        response = self.get_response(request)
        if isinstance(response, HttpResponseBase):
            return protect(response, nonce)
        return self.finish(response, nonce)

    async def finish(self, response: Awaitable[HttpResponseBase], nonce: str) -> HttpResponseBase:
        return protect(await response, nonce)


def protect(response: HttpResponseBase, nonce: str) -> HttpResponseBase:
    response.headers.setdefault(HEADER, policy(nonce))
    return response
