"""Two workers at once: the table decides, not the broker."""

import time
from pathlib import Path

import pytest

from portal.runs import dispatch
from portal.runs.services import wait_for
from tests.runs.plans import start, step
from tests.runs.processes import Celery, words

pytestmark = pytest.mark.fault


def test_a_message_delivered_ten_times_to_two_workers_runs_its_step_once(workers: Celery, marks: Path) -> None:
    run = start(step("a", "slow", seconds=1, marks=marks))
    dispatch.send([(run.steps.get().pk, "steps")] * 10)
    assert wait_for(run, 20) == "done", workers.logs()
    dispatch.send([(run.steps.get().pk, "steps")] * 5)
    time.sleep(1)
    assert words(marks) == [("start", 1), ("end", 1)]


def test_a_pool_of_one_lets_one_work_at_a_time_across_workers(workers: Celery, marks: Path) -> None:
    runs = [start(step("a", "slow", seconds=0.5, marks=marks, pool="narrow")) for _ in range(4)]
    for run in runs:
        assert wait_for(run, 30) == "done", workers.logs()
    assert [word for word, _ in words(marks)] == ["start", "end"] * 4
