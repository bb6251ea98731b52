"""Pages of the catalog over the demo's own data: wide and narrow, light and dark."""

from collections.abc import Callable

import pytest

from tests.e2e.conftest import Portal, Visitor, run

Visit = Callable[..., Visitor]
PAGES = (
    "/catalog/",
    "/catalog/?q=charges+zzyzx",
    "/catalog/changes/",
    "/catalog/findings/",
    "/catalog/use/",
    "/catalog/suggestions/",
    "/catalog/map/",
    "/catalog/pictures/oltp/",
    "/catalog/pictures/warehouse/",
    "/catalog/pictures/documents/",
)
TABS = ("columns", "lineage&rows=1", "use", "quality", "findings", "history")


@pytest.fixture(scope="module")
def looked(portal: Portal) -> None:
    run(portal, "manage.py", "suggest_categories")


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_pages_of_the_catalog(looked: None, visit: Visit, width: int, scheme: str) -> None:
    stefan = visit("stefan", width=width, scheme=scheme)
    for path in PAGES:
        check(stefan, path)
    stefan.open("/catalog/?q=fct_charges")
    stefan.page.get_by_role("link", name="FCT_CHARGES", exact=True).first.click()
    dataset = stefan.page.url.removeprefix(stefan.address)
    for tab in TABS:
        check(stefan, f"{dataset}?tab={tab}")
    stefan.open(dataset)
    stefan.page.get_by_role("link", name="impact of CHARGE_ID").first.click()
    check(stefan, stefan.page.url.removeprefix(stefan.address) + "?rows=1")
    assert stefan.complaints == []


def check(visitor: Visitor, path: str) -> None:
    visitor.open(path)
    assert visitor.axe() == [], path
    overflow = visitor.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert overflow <= 0, f"{path} is {overflow} px too wide"
