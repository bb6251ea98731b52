"""A person asks to be forgotten: two officers, in a browser, on a portal that the start command brought up."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Portal, Visitor, run

pytestmark = pytest.mark.e2e
Visit = Callable[..., Visitor]
WORK_MS = 90_000
PERSON = "tests.e2e.person"


def wait_until(page: Page, state: str) -> None:
    heading = page.locator(".page__sub .state__word")
    expect(heading).to_have_text(re.compile(state, re.IGNORECASE), timeout=WORK_MS)


def test_a_person_is_erased_by_two_officers_and_the_certificate_says_so(portal: Portal, visit: Visit) -> None:
    email = run(portal, "-m", PERSON)
    assert int(run(portal, "-m", PERSON, email)) >= 3
    olga = visit("olga")
    page = olga.page
    olga.open("/compliance/requests/new/")
    assert olga.axe() == []
    page.get_by_label("Erasure").check()
    page.get_by_label("GDPR", exact=True).check()
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("How was it verified").select_option("account")
    page.get_by_role("button", name="Open request").click()
    page.wait_for_url(re.compile("/compliance/requests/[0-9a-f-]{36}/"))
    address = page.url.removeprefix(portal.address)
    expect(page.get_by_text(re.compile(r"due in \d+ days")).first).to_be_visible()
    expect(page.get_by_text(email)).to_have_count(0)

    page.get_by_role("button", name="Search every store").click()
    expect(page.get_by_role("button", name="Freeze plan")).to_be_visible(timeout=WORK_MS)
    expect(page.get_by_text("public.charges").first).to_be_visible()
    assert olga.axe() == []
    page.get_by_role("button", name="Freeze plan").click()
    expect(page.get_by_text("You froze this plan")).to_be_visible()
    expect(page.get_by_role("button", name="Approve plan")).to_have_count(0)
    assert olga.axe() == []

    ana = visit("ana")
    assert ana.page.goto(portal.address + address).status == 404

    otto = visit("otto", width=390, scheme="dark")
    otto.open("/inbox/")
    otto.page.get_by_role("link", name=re.compile("waits for your approval")).first.click()
    expect(otto.page.get_by_text("Rows that are kept or masked")).to_be_visible()
    assert otto.axe() == []
    otto.page.get_by_role("button", name="Approve plan").click()
    otto.page.get_by_role("button", name="Erase now").click()
    wait_until(otto.page, "complete")
    expect(otto.page.get_by_text("0 places left")).to_be_visible()
    assert otto.axe() == []
    otto.page.get_by_role("link", name="Open certificate").click()
    expect(otto.page.get_by_role("heading", name="Searched again afterwards")).to_be_visible()
    assert otto.axe() == []
    overflow = otto.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert overflow <= 0

    assert run(portal, "-m", PERSON, email) == "0"
    assert olga.complaints + otto.complaints == []
