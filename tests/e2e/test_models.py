"""Two engineers and one model: compare, ask, decide, roll back. In a browser, on the portal of the start command."""

import json
import urllib.request
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Portal, Visitor, run

pytestmark = pytest.mark.e2e
Visit = Callable[..., Visitor]
MODEL = "/models/fraud_model/"


def test_two_engineers_compare_promote_and_roll_back(portal: Portal, versions: None, visit: Visit) -> None:
    mila, mateo = visit("mila"), visit("mateo")
    mila.open("/models/")
    assert mila.axe() == []
    mila.page.get_by_role("link", name="Fraud in charges").click()
    expect(mila.page.get_by_role("columnheader", name="Version 1 champion")).to_be_visible()
    side_by_side = mila.page.get_by_role("row", name="PR-AUC 0.7400 0.7100")
    expect(side_by_side).to_be_visible()
    assert mila.axe() == []

    mila.page.get_by_role("link", name="Version 2").first.click()
    assert mila.axe() == []
    mila.page.get_by_label("Why").fill("sees bursts earlier")
    mila.page.get_by_role("button", name="Ask to promote version 2").click()
    expect(mila.page.get_by_text("Another person decides: you asked for it yourself.")).to_be_visible()
    expect(mila.page.get_by_role("button", name="Approve and serve")).to_have_count(0)
    promotion = mila.page.url.removeprefix(mila.address)
    run(portal, "-m", "tests.e2e.plant_models", "evidence")
    assert refused_to(mila, promotion)

    mateo.open("/")
    mateo.page.get_by_text("asks to promote fraud_model version 2").first.click()
    expect(mateo.page.get_by_text("instead of version 1")).to_be_visible()
    assert mateo.axe() == []
    mateo.page.get_by_role("button", name="Approve and serve version 2").click()
    expect(mateo.page.get_by_text("Mateo").first).to_be_visible()
    mateo.open(MODEL)
    expect(mateo.page.get_by_role("columnheader", name="Version 2 champion")).to_be_visible()
    assert alias(portal) == "2"

    mila.open(MODEL)
    mila.page.get_by_role("link", name="Roll back to version 1").click()
    expect(mila.page.get_by_text("payments are scored by version 1")).to_be_visible()
    assert mila.axe() == []
    mila.page.get_by_role("button", name="Roll back to version 1").click()
    expect(mila.page.get_by_text("Version 1 serves again.")).to_be_visible()
    expect(mila.page.get_by_role("columnheader", name="Version 1 champion")).to_be_visible()
    assert alias(portal) == "1"
    assert mila.complaints + mateo.complaints == []


def refused_to(visitor: Visitor, promotion: str) -> bool:
    """Who asked sends the form that another person's page has: all gates passed, and still nothing is promoted."""
    visitor.open(promotion)
    visitor.page.get_by_role("button", name="Withdraw").evaluate("button => { button.value = 'approve' }")
    visitor.page.get_by_role("button", name="Withdraw").click()
    visitor.page.get_by_text("Another person decides: you asked for it yourself.").first.wait_for()
    shown = visitor.page.get_by_role("group", name="Facts").inner_text()
    return visitor.page.url.endswith(promotion) and "requested" in shown


def alias(portal: Portal) -> str:
    """Where MLflow itself has it."""
    tracking = json.loads((portal.home / "env.json").read_text())["PORTICO_TRACKING_URL"]
    champion = f"{tracking}/api/2.0/mlflow/registered-models/alias?name=fraud_model&alias=champion"
    with urllib.request.urlopen(champion, timeout=10) as answer:
        return str(json.load(answer)["model_version"]["version"])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_models_fit_a_narrow_screen(versions: None, visit: Visit, scheme: str) -> None:
    mila = visit("mila", width=390, scheme=scheme)
    for path in ("/models/", MODEL, f"{MODEL}versions/1/"):
        mila.open(path)
        assert mila.axe() == [], path
        assert mila.page.evaluate("document.documentElement.scrollWidth") <= 390, path
