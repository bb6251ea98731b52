"""Steps in a real worker: cancel, timeouts, room for queries, retries."""

import os
import time
from pathlib import Path

from portal.audit.models import Event
from portal.runs.models import LogLine, Step
from portal.runs.services import cancel_run, wait_for
from tests.runs.plans import HOUSE, start, step
from tests.runs.processes import Celery, alive, children_of, eventually, words


def test_cancel_reaches_the_child_of_a_step_and_its_children(worker: Celery, marks: Path) -> None:
    run = start(step("a", "child", seconds=60, marks=marks), step("b", "trivial", ("a",)))
    eventually(lambda: len(children_of(run)) == 2)
    children = children_of(run)
    assert all(alive(pid) for pid in children)
    cancel_run(actor=HOUSE, run=run)
    assert wait_for(run, 8) == "cancelled", worker.logs()
    assert not any(alive(pid) for pid in children)
    assert [s.state for s in run.steps.all()] == ["cancelled", "cancelled"]
    assert words(marks) == [("start", 1)]


def test_a_child_that_ignores_term_is_killed(worker: Celery, marks: Path) -> None:
    run = start(step("a", "stubborn_child", marks=marks))
    eventually(lambda: children_of(run))
    cancel_run(actor=HOUSE, run=run)
    assert wait_for(run, 10) == "cancelled", worker.logs()
    eventually(lambda: not alive(children_of(run)[0]), 3)


def test_cancel_is_told_to_what_the_step_named(worker: Celery, marks: Path) -> None:
    """As a store's `cancel`, which makes the driver raise an error of its own."""
    run = start(step("a", "asks_a_store", marks=marks))
    eventually(lambda: words(marks))
    cancel_run(actor=HOUSE, run=run)
    assert wait_for(run, 5) == "cancelled", worker.logs()
    assert words(marks) == [("start", 1), ("interrupted", 1)]


def test_a_step_that_takes_too_long_is_stopped(worker: Celery, marks: Path) -> None:
    run = start(step("a", "slow", seconds=60, marks=marks, timeout_s=1, max_attempts=1))
    assert wait_for(run, 10) == "failed", worker.logs()
    assert Step.objects.get().reason == "took longer than 1 s"


def test_a_step_that_hears_nothing_is_closed_without_it_and_its_receipt_refused(worker: Celery, marks: Path) -> None:
    run = start(step("a", "deaf", seconds=6, marks=marks, timeout_s=1))
    assert wait_for(run, 6) == "failed", worker.logs()
    assert "did not stop within 2 s" in Step.objects.get().reason
    eventually(lambda: Event.objects.filter(action="runs.lease_lost").exists(), 10)
    assert words(marks) == [("start", 1)]


def test_long_steps_leave_room_for_queries_and_are_all_done(worker: Celery, marks: Path) -> None:
    long = [start(step("a", "slow", seconds=2, marks=marks)) for _ in range(6)]
    eventually(lambda: Step.objects.filter(state="running").count() == 4)
    query = start(step("q", "trivial", queue="queries"))
    assert wait_for(query, 2) == "done", worker.logs()
    assert Step.objects.filter(state="queued").count() == 2
    for run in long:
        assert wait_for(run, 20) == "done", worker.logs()


def test_retries_waits_and_a_store_that_is_down_end_well(worker: Celery) -> None:
    runs = [start(step("a", "flaky", failures=2, marks=os.devnull)), start(step("a", "waits")),
            start(step("a", "down", times=1))]  # fmt: skip
    for run in runs:
        assert wait_for(run, 30) == "done", worker.logs()
    assert [run.steps.get().attempt for run in runs] == [3, 2, 2]


def test_lines_are_there_while_the_step_works_and_in_order(worker: Celery) -> None:
    run = start(step("a", "talk", lines=30, pause=0.1))
    eventually(lambda: LogLine.objects.filter(run=run).count() >= 5)
    assert Step.objects.get().state == "running"
    assert wait_for(run, 20) == "done", worker.logs()
    texts = list(LogLine.objects.filter(run=run).order_by("id").values_list("text", flat=True))
    assert texts == [*(f"line {n}" for n in range(30)), "from a child", "and again"]


def test_a_program_that_is_not_there_is_an_exit_code_and_a_line(worker: Celery) -> None:
    run = start(step("a", "no_program"))
    assert wait_for(run, 10) == "done", worker.logs()
    assert Step.objects.get().counts == {"code": 127}
    assert LogLine.objects.get(run=run).text == "/no/such/program: no such program"


def test_progress_is_counted_while_the_step_works(worker: Celery, marks: Path) -> None:
    run = start(step("a", "slow", seconds=3, marks=marks))
    counted = eventually(lambda: run.steps.get().attempts.filter(done__gt=0).values_list("total", "unit").first())
    assert counted == (100, "ticks")
    started = time.monotonic()
    cancel_run(actor=HOUSE, run=run)
    assert wait_for(run, 5) == "cancelled", worker.logs()
    assert time.monotonic() - started < 2.5
