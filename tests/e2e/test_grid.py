"""The grid of a result in a browser, over 100,000 sealed rows; the page's frame is left out, the answers are real."""

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pyarrow as pa
import pytest
from playwright.sync_api import Browser, Page, Route, expect

from apps.queries import results
from apps.queries.types import View
from apps.queries.viewing import BadView
from tests.browser import ROOT
from tests.e2e.conftest import Visitor

pytestmark = pytest.mark.e2e
ROWS = 100_000
SITE = "http://grid.test"
PAGE = """<!doctype html><html lang="en"><head><title>Result</title><meta charset="utf-8">
<link rel="stylesheet" href="/dist/app.css"><script type="module" src="/dist/console.js"></script></head>
<body><main><h1>Result</h1><result-grid src="/api/" status="done"></result-grid></main></body></html>"""
COLUMNS = [("id", "integer", False), ("email", "text", True), ("amount", "integer", False), ("id", "integer", False)]
TYPES = {".js": "text/javascript", ".css": "text/css"}


class Server:
    """Answers as `apps.queries.api` does, and remembers what it was asked."""

    def __init__(self, key: uuid.UUID) -> None:
        self.key = key
        self.asked: list[dict[str, str]] = []

    def __call__(self, route: Route) -> None:
        address = urlsplit(route.request.url)
        file = ROOT / "frontend" / Path(address.path).relative_to("/")
        if address.path == "/api/":
            self.answer(route, dict(parse_qsl(address.query)))
        elif file.is_file():
            route.fulfill(body=file.read_bytes(), content_type=TYPES.get(file.suffix, "font/woff2"))
        else:
            route.fulfill(body=PAGE if address.path == "/" else "", content_type="text/html")

    def answer(self, route: Route, query: dict[str, str]) -> None:
        self.asked.append(query)
        filters = tuple((int(name[7:]), text) for name, text in query.items() if name.startswith("filter."))
        view = View(int(query["sort"]) if "sort" in query else None, query.get("desc") == "1", filters)
        try:
            page = results.read_page(self.key, int(query["page"]), int(query["page_size"]), view)
        except BadView as bad:
            route.fulfill(status=400, json={"field": bad.field, "message": bad.message})
            return
        columns = [{"name": n, "type": t, "masked": m, "reason": "Masked by the rule."} for n, t, m in COLUMNS]
        following = f"/api/?page={page.next}&page_size={page.size}" if page.next else None
        body: dict[str, Any] = {"status": "done", "columns": columns, "rows": page.rows, "found": page.total}
        route.fulfill(body=json.dumps({**body, "row_count": ROWS, "next": following}), content_type="application/json")


@pytest.fixture
def server(settings: Any, tmp_path: Path) -> Server:
    settings.RESULTS_DIR = tmp_path
    key = uuid.uuid4()
    numbers = range(ROWS)
    emails = [None if n % 1000 == 7 else f"***{n % 977}@example.org" for n in numbers]
    table = pa.table({"a": numbers, "b": emails, "c": [n * 7919 % ROWS for n in numbers], "d": [-n for n in numbers]})
    results.write(key, table.to_batches(1000), ["a", "b", "c", "d"], by_name=False)
    return Server(key)


@pytest.fixture
def visitor(server: Server, chromium: Browser) -> Iterator[Visitor]:
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.route("**/*", server)
    page.goto(SITE)
    expect(cells(page).first).to_have_text("0")
    yield Visitor(page, SITE, complaints)
    assert complaints == []
    context.close()


def cells(page: Page) -> Any:
    return page.locator(".grid__body [role=gridcell]")


def head(page: Page, number: int) -> Any:
    return page.get_by_role("columnheader").nth(number - 1)


def field(page: Page, number: int) -> Any:
    return page.locator(f"input[name='filter.{number - 1}']")


def test_a_hundred_thousand_rows_scroll_to_their_end(visitor: Visitor, server: Server) -> None:
    page = visitor.page
    grid = page.locator(".grid")
    assert grid.get_attribute("aria-rowcount") == str(ROWS + 2)
    grid.evaluate("grid => { grid.scrollTop = grid.scrollHeight }")
    expect(cells(page).nth(-4)).to_have_text(str(ROWS - 1))
    assert page.locator(".grid__body [role=row]").count() < 80
    assert len(server.asked) <= 3


def test_what_is_scrolled_past_is_not_fetched_and_frames_stay_short(visitor: Visitor, server: Server) -> None:
    page = visitor.page
    half_take = page.evaluate("""async () => {
      const grid = document.querySelector(".grid"); const took = []; let last = performance.now();
      for (let step = 0; step < 120; step++) {
        grid.scrollTop = step * 25000;
        await new Promise(requestAnimationFrame);
        took.push(performance.now() - last); last = performance.now();
      }
      return took.sort((a, b) => a - b)[60];
    }""")
    expect(page.locator(".grid__body")).not_to_contain_text("…")
    assert len(server.asked) < 20
    assert half_take < 100  # ms; a busy machine delays some


def test_a_head_sorts_up_and_down_and_back(visitor: Visitor) -> None:
    page = visitor.page
    button = head(page, 2).get_by_role("button").first
    button.focus()
    for order, first in (
        ("ascending", "***0@example.org"),
        ("descending", "***9@example.org"),
        ("none", "***0@example.org"),
    ):
        page.keyboard.press("Enter")
        expect(head(page, 2)).to_have_attribute("aria-sort", order)
        expect(cells(page).nth(1)).to_have_text(first)
    assert visitor.axe() == []
    head(page, 4).get_by_role("button").click()  # of two columns named id the other one
    expect(cells(page).first).to_have_text(str(ROWS - 1))


def test_a_filter_leaves_what_it_names_and_tells_how_many(visitor: Visitor) -> None:
    page = visitor.page
    field(page, 3).fill(">=99998")
    expect(page.get_by_role("status")).to_have_text("2 of 100,000 rows match.")
    assert page.locator(".grid").get_attribute("aria-rowcount") == "4"
    field(page, 2).fill("nobody")
    expect(page.get_by_role("status")).to_have_text("0 of 100,000 rows match.")
    assert visitor.axe() == []
    page.keyboard.press("Escape")
    expect(page.get_by_role("status")).to_have_text("2 of 100,000 rows match.")
    field(page, 3).fill(">=x")
    expect(page.get_by_role("status")).to_contain_text("cannot be compared")
    expect(field(page, 3)).to_have_attribute("aria-invalid", "true")
    assert visitor.axe() == []
    field(page, 3).fill("")
    expect(page.get_by_role("status")).to_have_text("")
    expect(field(page, 3)).not_to_have_attribute("aria-invalid", "true")


def test_the_keyboard_reaches_the_last_row_and_keeps_the_focus(visitor: Visitor) -> None:
    page = visitor.page
    page.locator(".grid").focus()
    page.keyboard.press("Control+End")
    focused = page.locator(".grid__body [role=gridcell]:focus")
    expect(focused).to_have_text(str(1 - ROWS))
    page.keyboard.press("Control+Home")
    page.keyboard.press("ArrowDown")
    expect(focused).to_have_text("1")
    page.wait_for_timeout(300)
    expect(focused).to_have_text("1")
