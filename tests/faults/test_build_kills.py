"""Celery workers that die or freeze in the middle of a real dbt build, with leases that run out by themselves."""

import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from django.conf import settings as portal
from django.db import transaction

from apps.pipelines import building, holds, plans, services
from apps.pipelines.models import PipelineRun
from portal.audit.models import Event
from portal.runs.models import Attempt, Step
from portal.runs.services import start_run, wait_for
from tests.people import HOUSE
from tests.pipelines import tiny
from tests.runs.processes import Celery, eventually, processes_with

pytestmark = pytest.mark.fault
ORDERS = 3000
CODES = ("BRL", "EUR", "JPY")
TABLES = ("TINY.ORDERS", "TINY.TOTALS")


@pytest.fixture(autouse=True)
def sources(live_db: None, warehouse: None, settings) -> Iterator[None]:  # type: ignore[no-untyped-def]
    settings.PIPELINES = {**portal.PIPELINES, **tiny.PIPELINES}
    tiny.empty_warehouse()
    tiny.fill_raw(ORDERS)
    yield
    tiny.empty_warehouse()


def start_build() -> PipelineRun:
    """The pipeline's own build step, without what follows it."""
    pipeline = services.pipeline_named("tiny_builds")
    plan = plans.plan_of(pipeline, tiny.BUILDS, trigger="manual")
    with transaction.atomic():
        run = start_run(actor=HOUSE, plan=replace(plan, steps=plan.steps[:1]))
        return holds.take(pipeline=pipeline, run=run)


def build_of(started: PipelineRun) -> Step:
    return started.run.steps.get(key="build:0")


def dbt_of(started: PipelineRun) -> list[int]:
    """The supervisor and dbt itself."""
    return processes_with(f"--target-path={building.target_folder(started.run_id)}")


def begun(celery: Celery, *others: str) -> tuple[PipelineRun, subprocess.Popen[bytes]]:
    """A build whose first table is there and whose last is being worked on, and the worker that has it. Other workers
    come too late to get it."""
    worker = celery.worker("first", TINY_DBT_LINGER_S="200")
    started = start_build()
    celery.workers(*others)
    eventually(lambda: build_of(started).lines.filter(text__contains="start  model TINY.totals").exists(), 90)
    assert len(tiny.rows_of("TINY.ORDERS")) == ORDERS
    assert len(dbt_of(started)) == 2
    assert Attempt.objects.get(step=build_of(started)).worker.endswith(f" {worker.pid}")
    return started, worker


def assert_built_once(started: PipelineRun) -> None:
    """By the second attempt: what the first one did not finish is neither missing nor there twice."""
    build = build_of(started)
    assert (build.state, build.attempt) == ("done", 2)
    assert build.summary == "3 nodes built, 3 tests passed"
    assert Event.objects.filter(action="runs.step_finished", target_id=str(build.pk)).count() == 1
    assert started.checks.filter(kind="test").count() == 3
    assert len(tiny.rows_of("TINY.ORDERS")) == ORDERS
    expected = [(code, sum(n * 7 for n in range(1, ORDERS + 1) if n % 3 == rest)) for rest, code in enumerate(CODES)]
    totals = [(currency, orders, amount) for currency, orders, amount in tiny.rows_of("TINY.TOTALS")]
    assert totals == [(code, str(ORDERS // 3), str(amount)) for code, amount in expected]


def test_a_worker_killed_in_a_dbt_build_takes_dbt_with_it_and_another_builds_once(celery: Celery) -> None:
    started, victim = begun(celery, "heir")

    victim.kill()
    killed_at = time.monotonic()
    eventually(lambda: not dbt_of(started), 3)
    eventually(lambda: Attempt.objects.filter(step=build_of(started), number=2).exists(), 30)
    assert time.monotonic() - killed_at < 30
    assert Attempt.objects.get(step=build_of(started), number=2).worker.startswith("heir@")

    assert wait_for(started.run, 90) == "done", celery.logs()
    assert "died, or was silent" in Attempt.objects.get(step=build_of(started), number=1).error
    assert_built_once(started)


def test_a_worker_frozen_in_a_dbt_build_for_longer_than_its_lease_is_refused_when_it_wakes(celery: Celery) -> None:
    started, sleeper = begun(celery)

    sleeper.send_signal(signal.SIGSTOP)
    # Its supervisor ends dbt while the lease still holds: no two builds are ever at work.
    eventually(lambda: not dbt_of(started), 6)
    assert not Attempt.objects.filter(step=build_of(started), state="failed").exists()
    celery.worker("heir")
    eventually(lambda: build_of(started).state == "done", 90)
    built = tiny.fingerprint(*TABLES)

    sleeper.send_signal(signal.SIGCONT)
    refused = Event.objects.filter(
        action="runs.lease_lost", target_id=str(build_of(started).pk), payload__contains="refused"
    )
    eventually(refused.exists, 15)
    assert_built_once(started)
    assert tiny.fingerprint(*TABLES) == built
