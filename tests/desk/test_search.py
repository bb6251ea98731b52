"""Search and palette: only what the person may see, the best of every provider first."""

from types import SimpleNamespace

import pytest
from django.test import Client

from portal.accounts.models import User
from portal.desk.search import search


def hit(title: str, kind: str = "table") -> SimpleNamespace:
    return SimpleNamespace(kind=kind, title=title, path="warehouse", url=f"/catalog/{title}/", why="name")


def tables(user: User, text: str, limit: int) -> list[SimpleNamespace]:
    """Stands in for a provider: ana may see two tables, others none."""
    return [hit("charges"), hit("refunds")][:limit] if user.username == "ana" else []


def queries(user: User, text: str, limit: int) -> list[SimpleNamespace]:
    return [hit(f"about {text}", "query")]


@pytest.fixture(autouse=True)
def providers(settings) -> None:  # type: ignore[no-untyped-def]
    settings.SEARCH_PROVIDERS = ["tests.desk.test_search.tables", "tests.desk.test_search.queries"]


def titles(answer) -> dict[str, list[str]]:  # type: ignore[no-untyped-def]
    return {group["name"]: [item["title"] for item in group["items"]] for group in answer.json()["groups"]}


@pytest.mark.parametrize("path", ["/search/?q=pay", "/palette/?q=pay"])
def test_the_anonymous_are_sent_to_sign_in(client: Client, db: None, path: str) -> None:
    assert client.get(path)["Location"].startswith("/sign-in/")


def test_the_best_of_every_provider_first(analyst: User) -> None:
    assert [found.title for found in search(analyst, "pay", 10)] == ["charges", "about pay", "refunds"]
    assert [found.title for found in search(analyst, "pay", 2)] == ["charges", "about pay"]


def test_too_short_a_word_asks_nobody(analyst: User) -> None:
    assert search(analyst, " p ", 10) == []


def test_the_palette_shows_each_what_they_may_see(client: Client, analyst: User, outsider: User) -> None:
    client.force_login(analyst)
    assert titles(client.get("/palette/?q=pay"))["Found"] == ["charges", "about pay", "refunds"]
    client.force_login(outsider)
    assert titles(client.get("/palette/?q=pay"))["Found"] == ["about pay"]


def test_an_empty_palette_offers_places_by_role(client: Client, analyst: User, auditor: User, outsider: User) -> None:
    client.force_login(analyst)
    assert titles(client.get("/palette/"))["Go to"] == ["Home", "Catalog", "Queries", "Pipelines"]
    client.force_login(auditor)
    assert "Audit" in titles(client.get("/palette/"))["Go to"]
    client.force_login(outsider)
    assert titles(client.get("/palette/"))["Go to"] == ["Home"]


def test_the_palettes_answer_is_not_kept_by_the_browser(client: Client, analyst: User) -> None:
    client.force_login(analyst)
    assert "no-store" in client.get("/palette/?q=pay")["Cache-Control"]


def test_the_page_filters_by_kind_in_the_address(client: Client, analyst: User) -> None:
    client.force_login(analyst)
    page = client.get("/search/?q=pay&kind=query").content.decode()
    assert "about pay" in page
    assert "refunds" not in page


def test_what_was_typed_is_text(client: Client, analyst: User, settings) -> None:  # type: ignore[no-untyped-def]
    settings.SEARCH_PROVIDERS = []
    client.force_login(analyst)
    page = client.get("/search/", {"q": "<script>alert(1)</script>"}).content.decode()
    assert "<script>alert" not in page
    assert "Nothing you may see matches" in page
