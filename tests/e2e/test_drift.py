"""The ML engineer looks at what serves and how it drifts, on the portal that the start command brought up."""

import json
import os
import signal
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Portal, Visitor, run

pytestmark = pytest.mark.e2e
Visit = Callable[..., Visitor]
NUMBER = 1


def served(portal: Portal, *, within_s: float) -> None:
    """Waits until the scoring service says that it serves the version that was planted as champion."""
    address = json.loads((portal.home / "env.json").read_text())["PORTICO_SCORING_URL"]
    until = time.monotonic() + within_s
    said = ""
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(f"{address}/healthz", timeout=2) as answer:
                said = answer.read().decode()
                if json.loads(said).get("version") == NUMBER:
                    return
        except OSError as error:
            said = str(error)
        time.sleep(0.2)
    raise AssertionError(said)


@pytest.fixture(scope="module")
def scored(portal: Portal, versions: None) -> str:
    """Payments are scored and compared, all by the processes that the start command runs."""
    served(portal, within_s=60)
    assert "300 scored" in run(portal, "manage.py", "send_scores", "--count", "300", "--per-second", "200")
    time.sleep(1)
    return run(portal, "manage.py", "compare_inferences")


def test_the_engineer_sees_what_serves_the_drift_and_evidentlys_report(scored: str, visit: Visit) -> None:
    assert "inputs drifted" in scored
    mila = visit("mila")
    page = mila.page
    mila.open("/models/fraud_model/serving/")
    expect(page.get_by_text("up", exact=True).first).to_be_visible()
    expect(page.get_by_text(f"version {NUMBER}").first).to_be_visible()
    assert mila.axe() == []

    mila.open("/models/fraud_model/drift/")
    assert mila.axe() == []
    page.get_by_role("link", name="Report").first.click()
    expect(page.get_by_role("heading", name="Input by input")).to_be_visible()
    page.locator("iframe.report").scroll_into_view_if_needed()
    inside = page.frame_locator("iframe.report")
    expect(inside.get_by_text("Drifted Columns").first).to_be_visible(timeout=20_000)
    assert page.frames[-1].evaluate("window.origin") == "null"  # no cookie, no storage, no page of the portal
    assert mila.axe() == []
    assert mila.complaints == []


def test_a_killed_scoring_service_is_started_again_and_serves_the_same(scored: str, portal: Portal) -> None:
    file: Path = portal.home / "run" / "scoring.json"
    before = json.loads(file.read_text())["pid"]
    os.kill(before, signal.SIGKILL)
    until = time.monotonic() + 30
    while json.loads(file.read_text())["pid"] == before and time.monotonic() < until:
        time.sleep(0.1)
    assert json.loads(file.read_text())["pid"] != before
    served(portal, within_s=60)
