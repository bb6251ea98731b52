"""Workers that are killed, frozen or stopped in the middle of a step."""

import signal
import time
from pathlib import Path

import pytest

from portal.audit.models import Event
from portal.runs.models import Attempt, Step
from portal.runs.services import wait_for
from tests.runs.plans import start, step
from tests.runs.processes import Celery, alive, children_of, eventually, words

pytestmark = pytest.mark.fault


def test_a_killed_worker_takes_its_children_with_it_and_the_step_is_done_once_elsewhere(
    celery: Celery, marks: Path
) -> None:
    workers = {str(worker.pid): worker for worker in celery.workers("one", "two")}
    run = start(step("a", "child", seconds=60, marks=marks))
    eventually(lambda: len(children_of(run)) == 2)
    victim = workers[Attempt.objects.get().worker.rpartition(" ")[2]]
    children = children_of(run)
    assert all(alive(pid) for pid in children)

    victim.kill()
    killed_at = time.monotonic()
    eventually(lambda: not any(alive(pid) for pid in children), 3)

    assert wait_for(run, 20) == "done", celery.logs()
    assert time.monotonic() - killed_at < 12
    assert words(marks) == [("start", 1), ("start", 2), ("end", 2)]
    assert list(Attempt.objects.order_by("number").values_list("state", flat=True)) == ["failed", "done"]
    assert "died, or was silent" in Attempt.objects.get(number=1).error


def test_a_frozen_worker_is_refused_when_it_wakes_and_its_child_is_gone_before_the_heir_starts(
    celery: Celery, marks: Path
) -> None:
    sleeper = celery.worker("sleeper")
    run = start(step("a", "frozen", seconds=3, marks=marks), step("b", "child", seconds=60, marks=f"{marks}.child"))
    eventually(lambda: len(children_of(run)) == 2 and words(marks))
    children = children_of(run)

    sleeper.send_signal(signal.SIGSTOP)
    # The supervisor kills the child while the lease still holds: no heir can have started.
    eventually(lambda: not any(alive(pid) for pid in children), 6)
    assert Attempt.objects.filter(state="failed").count() == 0
    celery.worker("heir")
    assert wait_for(run, 30) == "done", celery.logs()

    sleeper.send_signal(signal.SIGCONT)
    refused = Event.objects.filter(action="runs.lease_lost", payload__contains="refused")
    eventually(lambda: refused.count() == 2, 15)
    assert [word for word in words(marks) if word[0] == "receipt"] == [("receipt", 2)]
    assert Step.objects.get(key="a").summary == "by attempt 2"
    assert Event.objects.filter(action="runs.step_finished", target_name__startswith="Step a").count() == 1
    run.refresh_from_db()
    assert run.state == "done"


def test_a_stopped_worker_gives_its_step_back_at_once_and_without_counting_a_failure(
    celery: Celery, marks: Path
) -> None:
    leaving = celery.worker("leaving")
    run = start(step("a", "slow_at_first", seconds=60, marks=marks, max_attempts=1))
    eventually(lambda: words(marks))
    leaving.terminate()
    assert leaving.wait(10) == 0
    assert Attempt.objects.get().error == "the worker is being stopped"
    celery.worker("heir")
    assert wait_for(run, 20) == "done", celery.logs()
    assert (Step.objects.get().tries, Step.objects.get().attempt) == (0, 2)
