"""Workers are killed at every step of a pipeline, in the middle of COPY and of a dbt build, and the tables come out
the same. Afterwards the same pipeline without any kill is the measure, compared by hash."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings as portal

from apps.pipelines import services
from apps.pipelines.extraction import ranges
from apps.pipelines.models import Cursor, PipelineRun
from portal.runs.models import Attempt, LogLine, Run
from portal.runs.services import resume_run
from tests.people import HOUSE
from tests.pipelines import kills, tiny
from tests.pipelines.workers import Workers, follow

pytestmark = pytest.mark.fault
ORDERS, VISITS = 40_000, 300


@pytest.fixture(autouse=True)
def sources(live_db: None, mongo: None, warehouse: None, settings, monkeypatch) -> Iterator[None]:  # type: ignore[no-untyped-def]
    settings.PIPELINES = {**portal.PIPELINES, **tiny.PIPELINES}
    settings.RUN_LEASE_SECONDS, settings.RUN_RENEW_SECONDS = 4, 1
    settings.RUN_BACKOFF_SECONDS, settings.RUN_STOP_SECONDS = 0, 2
    monkeypatch.setattr(ranges, "LARGE_ROWS", 1_000)  # orders are read as ranges
    tiny.create()
    tiny.add_orders(0, ORDERS)
    tiny.add_visits(0, VISITS)
    yield
    tiny.drop()


def resume(run: Run) -> None:
    resume_run(actor=HOUSE, run=run)


def complete(limit_s: float) -> tuple[PipelineRun, int]:
    """A run of the whole pipeline, and how many workers died on the way."""
    started = services.start(actor=HOUSE, pipeline=services.pipeline_named("tiny"))
    workers = Workers(started.run)
    try:
        done = follow(workers, started.run, limit_s, resume)
    finally:
        workers.stop()
    errors = list(LogLine.objects.filter(run=started.run, level="error").values_list("step__key", "text"))
    assert done, f"{started.run.state}: {started.run.reason} {errors}"
    return started, workers.deaths


def test_killed_at_every_step_and_the_tables_are_the_same(tmp_path: Path) -> None:
    with kills.arm(tmp_path):
        killed, deaths = complete(limit_s=300)

    assert {mark.name for mark in tmp_path.iterdir()} == set(kills.POINTS), "every point was reached"
    assert deaths >= len(kills.POINTS)
    assert Attempt.objects.filter(step__run=killed.run, error__contains="died").exists()
    survived = tiny.fingerprint(*tiny.TABLES)
    assert len(tiny.rows_of("RAW.TINY_ORDERS")) == ORDERS
    assert len(tiny.rows_of("RAW.TINY_VISITS")) == VISITS
    assert set(killed.receipts.values_list("status", flat=True)) == {"loaded"}
    assert killed.receipts.get(dataset="oltp.tiny_orders").files == 2, "it was read as ranges"
    assert not any(Path(portal.STAGE_DIR).rglob("*.parquet"))

    tiny.empty_warehouse()
    Cursor.objects.all().delete()
    complete(limit_s=120)
    assert tiny.fingerprint(*tiny.TABLES) == survived
