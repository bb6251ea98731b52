"""The whole story in a browser, on a portal that the start command brought up from nothing."""

import re
import signal
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Portal, Visitor, start

pytestmark = pytest.mark.e2e
Visit = Callable[..., Visitor]


def test_an_analyst_finds_the_fact_table_queries_it_and_sees_what_is_masked_and_why(visit: Visit) -> None:
    ana = visit("ana")
    page = ana.page
    page.keyboard.press("/")
    page.keyboard.type("payments")
    page.keyboard.press("Enter")
    page.wait_for_load_state()

    ana.open("/catalog/?q=charges")
    page.get_by_role("link", name="FCT_CHARGES").first.click()
    expect(page.get_by_role("heading", level=1, name="FCT_CHARGES")).to_be_visible()
    expect(page.get_by_text("One row per attempt to move money").first).to_be_visible()
    assert ana.axe() == []

    page.get_by_role("link", name="Query FCT_CHARGES").first.click()
    page.wait_for_url(re.compile("/queries/"))
    page.get_by_role("button", name="Run query").click()
    result = page.locator("#result")
    expect(result.get_by_text("done").first).to_be_visible(timeout=20_000)
    page.get_by_text("What you see and why").click()
    reasons = page.locator("#why")
    expect(reasons.get_by_text("Masked by the rule").first).to_be_visible()
    expect(reasons.get_by_text("Compliance officer can lift it").first).to_be_visible()
    expect(reasons.get_by_role("link", name="Ask for access").first).to_be_visible()
    assert ana.axe() == []
    assert ana.complaints == []


def test_the_first_run_shows_its_steps_and_that_the_counts_agree(visit: Visit) -> None:
    stefan = visit("stefan")
    page = stefan.page
    stefan.open("/pipelines/")
    page.get_by_role("link", name=re.compile("payments", re.IGNORECASE)).first.click()
    page.get_by_role("link", name=re.compile(r"run \d+", re.IGNORECASE)).first.click()
    expect(page.get_by_text("done").first).to_be_visible()
    expect(page.get_by_text("RAW").first).to_be_visible()
    assert stefan.axe() == []
    assert stefan.complaints == []


PAGES = (
    "/",
    "/catalog/",
    "/queries/",
    "/queries/library/",
    "/queries/saved/",
    "/pipelines/",
    "/search/?q=charges",
    "/inbox/",
)


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_no_page_complains_or_scrolls_sideways(visit: Visit, width: int, scheme: str) -> None:
    ana = visit("ana", width=width, scheme=scheme)
    for path in PAGES:
        ana.open(path)
        assert ana.axe() == [], path
        overflow = ana.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert overflow <= 0, f"{path} is {overflow} px too wide at {width}"
    assert ana.complaints == []


def test_what_a_role_may_not_use_is_not_shown_to_it(visit: Visit) -> None:
    ana = visit("ana")
    expect(ana.page.get_by_role("navigation").get_by_text("Compliance")).to_have_count(0)
    assert ana.page.goto(f"{ana.address}/audit/").status == 403


def test_a_killed_start_is_taken_over_and_nothing_is_lost(portal: Portal) -> None:
    """Last in this file: it replaces the portal that the tests above talked to."""
    number = int(portal.address.rpartition(":")[2])
    portal.process.send_signal(signal.SIGKILL)
    portal.process.wait(10)
    began = time.monotonic()
    again = start(portal.home, port=number, scale="0.02")
    try:
        assert time.monotonic() - began < 90
        text = again.log.read_text(errors="replace")
        assert "First pipeline run" not in text
        assert "Payments (SCALE" not in text
    finally:
        again.process.send_signal(signal.SIGINT)
        assert again.process.wait(60) == 0
