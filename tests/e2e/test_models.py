"""Two engineers and one model: list, compare, ask, decide, roll back. In a browser, on a running portal with MLflow."""

import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.browser import ROOT
from tests.e2e.conftest import Portal, Visitor

Visit = Callable[..., Visitor]


def plant(portal: Portal, what: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.e2e.plant_models", what],
        cwd=ROOT, env=portal.environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.fixture(scope="module")
def versions(portal: Portal) -> None:
    plant(portal, "versions")


def test_two_engineers_promote_compare_and_roll_back(portal: Portal, versions: None, visit: Visit) -> None:
    mila, mateo = visit("mila"), visit("mateo")
    mateo.open("/")
    mateo.page.get_by_text("asks to promote fraud_model version 1").first.click()
    assert mateo.axe() == []
    mateo.page.get_by_role("button", name="Approve and serve version 1").click()
    mateo.page.get_by_text("Mateo Mendes").first.wait_for()

    mila.open("/models/")
    assert mila.axe() == []
    mila.page.get_by_role("link", name="Fraud in charges").click()
    mila.page.get_by_role("link", name="Version 2").click()
    assert mila.axe() == []
    mila.page.get_by_label("Why").fill("sees bursts earlier")
    mila.page.get_by_role("button", name="Ask to promote version 2").click()
    mila.page.get_by_text("Another person decides").wait_for()
    plant(portal, "evidence")

    mateo.open(mila.page.url.removeprefix(mateo.address))
    assert "instead of version 1" in mateo.page.inner_text("main")
    mateo.page.get_by_role("button", name="Approve and serve version 2").click()
    mateo.open("/models/fraud_model/")
    assert mateo.page.get_by_role("columnheader", name="Version 2 champion").is_visible()

    mila.open("/models/fraud_model/")
    mila.page.get_by_role("link", name="Roll back to version 1").click()
    assert "payments are scored by version 1" in mila.page.inner_text("main")
    assert mila.axe() == []
    mila.page.get_by_role("button", name="Roll back to version 1").click()
    mila.page.get_by_text("Version 1 serves again.").wait_for()
    assert mila.complaints == mateo.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_models_fit_a_narrow_screen(versions: None, visit: Visit, scheme: str) -> None:
    mila = visit("mila", width=390, scheme=scheme)
    for path in ("/models/", "/models/fraud_model/", "/models/fraud_model/versions/1/"):
        mila.open(path)
        assert mila.axe() == []
        assert mila.page.evaluate("document.documentElement.scrollWidth") <= 390
