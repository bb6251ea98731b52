"""Look-ups, functions and charts in a browser: found under the masks, drawn under the policy of the page, readable."""

from collections.abc import Callable

import pytest

from tests.e2e.conftest import Portal, Visitor, run

SCREENS = [(1440, "light"), (390, "dark")]
BY_DAY = "select created_at::date as day, currency, sum(amount) as total from charges group by 1, 2"
REASON = "Ticket 77: a refund is late"


@pytest.mark.parametrize(("width", "scheme"), SCREENS)
def test_a_known_address_is_found_and_not_shown(
    portal: Portal, visit: Callable[..., Visitor], width: int, scheme: str
) -> None:
    email = run(portal, "-m", "tests.e2e.person")
    ana = visit("ana", width=width, scheme=scheme)
    ana.open("/queries/look-up/")
    assert ana.axe() == []
    ana.page.select_option("select[name=place]", label="public.customers by email")
    ana.page.fill("input[name=value]", email)
    ana.page.fill("input[name=reason]", REASON)
    ana.page.get_by_role("button", name="Look up", exact=True).click()
    ana.page.get_by_text("***@").first.wait_for(timeout=30_000)
    assert "1 row" in ana.page.inner_text("#result")
    assert email not in ana.page.content()
    assert email not in ana.page.url
    assert (ana.axe(), ana.complaints) == ([], [])
    olga = visit("olga", width=width, scheme=scheme)
    olga.open("/queries/look-up/all/")
    olga.page.get_by_text(REASON).first.wait_for()
    assert (olga.axe(), olga.complaints) == ([], [])


@pytest.mark.parametrize(("width", "scheme"), SCREENS)
def test_a_refused_function_leads_to_the_list(visit: Callable[..., Visitor], width: int, scheme: str) -> None:
    ana = visit("ana", width=width, scheme=scheme)
    asked(ana, "select regr_sxx(1, 2)")
    ana.page.get_by_role("link", name="how to ask for regr_sxx").click()
    assert ana.page.input_value("input[name=name]") == "regr_sxx"
    assert (ana.axe(), ana.complaints) == ([], [])
    ana.page.get_by_role("button", name="Ask for it").click()
    ana.page.get_by_text("A compliance officer decides about regr_sxx").wait_for()


@pytest.mark.parametrize(("width", "scheme"), SCREENS)
def test_a_chart_is_drawn_saved_and_found_again(visit: Callable[..., Visitor], width: int, scheme: str) -> None:
    ana = visit("ana", width=width, scheme=scheme)
    loaded: list[str] = []
    ana.page.on("request", lambda request: loaded.append(request.url))
    asked(ana, BY_DAY)
    ana.page.locator("result-chart summary").first.wait_for(timeout=30_000)
    assert not [url for url in loaded if "charts" in url]
    ana.page.locator("result-chart summary").first.click()
    drawn = ana.page.locator("[data-place] svg.main-svg").first
    drawn.wait_for()
    assert ana.page.get_attribute("[data-place]", "role") == "img"
    assert "Line: total by day" in str(ana.page.get_attribute("[data-place]", "aria-label"))
    ana.page.select_option("[data-part=kind]", "bar")
    ana.page.wait_for_function("document.querySelector('[data-told]').textContent.startsWith('Bars')")
    ana.page.get_by_text("The figures of the chart").click()
    assert ana.page.locator("[data-figures] tbody tr").count() > 1
    assert (ana.axe(), ana.complaints) == ([], [])
    assert ana.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    ana.page.reload()
    drawn.wait_for()
    ana.page.get_by_text("Save this query").click()
    ana.page.fill("input[name=title]", f"By day {width}")
    ana.page.get_by_role("button", name="Save", exact=True).click()
    ana.page.get_by_text("Opens with a chart: bar").wait_for()
    ana.page.get_by_role("link", name="Open in the console").click()
    ana.page.get_by_role("button", name="Run query").click()
    drawn.wait_for(timeout=30_000)
    assert "chart=bar." in ana.page.url
    assert ana.complaints == []


def asked(visitor: Visitor, text: str) -> None:
    """As the console's form sends it."""
    visitor.open("/queries/?source=oltp")
    token = visitor.page.locator("form[data-query] [name=csrfmiddlewaretoken]").get_attribute("value")
    visitor.page.evaluate(
        """([text, token]) => {
          const form = Object.assign(document.createElement("form"), { method: "post", action: "/queries/" });
          for (const [name, value] of [["source", "oltp"], ["text", text], ["csrfmiddlewaretoken", token]]) {
            form.append(Object.assign(document.createElement("input"), { name, value }));
          }
          document.body.append(form);
          form.submit();
        }""",
        [text, token],
    )
    visitor.page.wait_for_url("**/queries/?execution=*")
