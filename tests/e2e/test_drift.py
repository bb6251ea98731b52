"""The ML engineer looks at what serves and how it drifts, on the portal that the start command brought up."""

import time
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Visitor

pytestmark = pytest.mark.e2e
Visit = Callable[..., Visitor]
COMPARED_WITHIN_S = 300


def test_the_engineer_sees_what_serves_the_drift_and_evidentlys_report(visit: Visit) -> None:
    """The start trains, promotes, scores and compares beside the pages; at this scale there may be too few labels."""
    mila = visit("mila")
    page = mila.page
    until = time.monotonic() + COMPARED_WITHIN_S
    while time.monotonic() < until:
        mila.open("/models/fraud_model/drift/")
        if page.get_by_role("link", name="Report").count():
            break
        time.sleep(3)
    expect(page.get_by_role("heading", level=1, name="Drift of")).to_be_visible()
    assert mila.axe() == []

    mila.open("/models/fraud_model/serving/")
    expect(page.get_by_text("Up", exact=True).first).to_be_visible()
    expect(page.get_by_text("version 1").first).to_be_visible()
    assert mila.axe() == []

    mila.open("/models/fraud_model/drift/")
    page.get_by_role("link", name="Report").first.click()
    expect(page.get_by_role("heading", name="Input by input")).to_be_visible()
    expect(page.locator("iframe.report")).to_be_visible(timeout=5_000)
    page.locator("iframe.report").scroll_into_view_if_needed()
    expect(page.frame_locator("iframe.report").get_by_text("Drifted Columns").first).to_be_visible(timeout=20_000)
    frame = page.frames[-1]
    assert frame.evaluate("window.origin") == "null"
    assert mila.axe() == []
    assert mila.complaints == []
