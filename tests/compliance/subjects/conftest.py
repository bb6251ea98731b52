from collections.abc import Iterator

import pytest
from django.conf import settings as portal

from tests.compliance.subjects import town
from tests.pipelines import driver


@pytest.fixture
def streets(live_db: None, mongo: None, warehouse: None, settings) -> Iterator[None]:  # type: ignore[no-untyped-def]
    """The town's sources, empty warehouse, nothing governed yet."""
    settings.PIPELINES = {**portal.PIPELINES, **town.PIPELINES}
    settings.STEP_KINDS = {**portal.STEP_KINDS, "pipelines.publish": "tests.pipelines.driver.untold"}
    settings.RUN_LEASE_SECONDS = 120
    town.build()
    yield
    town.drop()


@pytest.fixture
def loaded(streets: None) -> None:
    """Loaded, built and governed."""
    run = driver.run("town_elt")
    assert run.run.state == "done", run.run.reason
    town.make()
    town.govern()


@pytest.fixture
def governed(streets: None) -> None:
    """Governed before the first load: the warehouse has nothing of the town yet."""
    town.govern()
