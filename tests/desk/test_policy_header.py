"""The Content-Security-Policy: strict on every kind of answer, with a nonce that nobody can guess."""

import re

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory

from portal.accounts.models import User
from portal.desk.csp import HEADER, ContentSecurityPolicyMiddleware

EXPECTED = {
    "default-src": "'self'",
    "img-src": "'self' data:",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
PAGES = ["/", "/inbox/", "/search/?q=pay", "/palette/", "/account/tokens/", "/audit/", "/nowhere/", "/status/"]


def directives(header: str) -> dict[str, str]:
    return dict(part.strip().split(" ", 1) for part in header.split(";"))


@pytest.mark.parametrize("path", PAGES)
def test_it_is_strict_on_every_page(client: Client, analyst: User, path: str) -> None:
    client.force_login(analyst)
    found = directives(client.get(path)[HEADER])
    nonce = found.pop("script-src").removeprefix("'self' ")
    assert re.fullmatch(r"'nonce-[\w-]{20,}'", nonce)
    assert found.pop("style-src") == f"'self' {nonce}"
    assert found == EXPECTED


@pytest.mark.parametrize("path", ["/sign-in/", "/", "/nowhere/", "/healthz"])
def test_it_is_there_for_the_anonymous(client: Client, db: None, path: str) -> None:
    assert "unsafe" not in client.get(path)[HEADER]


def test_the_nonce_is_new_each_time_and_the_one_in_the_page(client: Client, analyst: User) -> None:
    client.force_login(analyst)
    pages = [client.get("/") for _ in range(2)]
    nonces = [re.search(r"nonce-([\w-]+)", page[HEADER])[1] for page in pages]
    assert nonces[0] != nonces[1]
    assert f'content="{nonces[0]}"' in pages[0].content.decode()


def test_a_view_may_set_its_own() -> None:
    def view(request):  # type: ignore[no-untyped-def]
        return HttpResponse(headers={HEADER: "sandbox"})

    assert ContentSecurityPolicyMiddleware(view)(RequestFactory().get("/"))[HEADER] == "sandbox"


def test_htmx_neither_evaluates_nor_injects_style(client: Client, analyst: User) -> None:
    client.force_login(analyst)
    page = client.get("/").content.decode()
    assert '"allowEval": false' in page
    assert '"includeIndicatorStyles": false' in page
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)
    assert not re.search(r"\sstyle=|\son\w+=", page)
