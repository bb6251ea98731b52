"""dbt as a process: what a failing test does to the run, and how long it takes to stop a build."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings as portal

from apps.pipelines import building
from portal.runs.models import LogLine, Run
from portal.stores import open_store
from portal.stores.types import Sql
from tests.pipelines import driver, tiny
from tests.pipelines.workers import Workers, follow


@pytest.fixture(autouse=True)
def sources(live_db: None, mongo: None, warehouse: None, settings) -> Iterator[None]:  # type: ignore[no-untyped-def]
    settings.PIPELINES = {**portal.PIPELINES, **tiny.PIPELINES}
    tiny.create()
    tiny.add_orders(0, 50)
    tiny.add_visits(0, 10)
    yield
    tiny.drop()


def ended(run: Run, limit_s: float = 90) -> Run:
    """Once the run has ended, however."""
    workers = Workers(run, count=1)
    try:
        follow(workers, run, limit_s, None)
    finally:
        workers.stop()
    run.refresh_from_db()
    return run


def test_a_failed_test_names_itself_and_what_stands_on_it_is_skipped() -> None:
    open_store("oltp", "owner").execute(Sql("update public.tiny_orders set currency = 'XXX' where id = 'o00000003'"))
    started = driver.start("tiny")
    run = ended(started.run)
    assert run.state == "failed"
    assert "failed in dbt build: test known_currencies: 1 row against it" in run.reason
    assert "later steps skipped" in run.reason
    (failed,) = started.checks.filter(kind="test", passed=False)
    assert (failed.name, failed.dataset, failed.column) == ("known_currencies", "ANALYTICS.TINY.ORDERS", "CURRENCY")
    log = "\n".join(LogLine.objects.filter(run=run).values_list("text", flat=True))
    assert "failed test known_currencies: 1 row against it" in log
    assert run.steps.get(key="build:0").attempt == 1, "a test that fails is not tried again"


def test_secrets_reach_dbt_by_environment_alone() -> None:
    target = building.target_folder(1)
    password = building.environment(target)["DBT_ENV_SECRET_PORTICO_DBT_PASSWORD"]
    assert password
    assert not any(password in argument for argument in building.arguments(tiny.WHOLE.transforms[0], target))
    assert password not in (Path(tiny.WHOLE.transforms[0].project) / "profiles.yml").read_text()
