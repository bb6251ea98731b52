from portal.audit.models import Event
from portal.runs.models import LogLine
from portal.runs.services import wait_for
from portal.runs.types import State
from tests.runs.plans import start, step
from tests.runs.processes import Celery


def test_a_run_of_two_steps_goes_through_celery(worker: Celery) -> None:
    run = start(step("a", "trivial"), step("b", "reads", ("a",)))

    assert wait_for(run, 20) == State.DONE, worker.logs()

    first, second = run.steps.all()
    assert (first.summary, first.counts, first.attempt) == ("said hello", {"words": 1}, 1)
    assert second.output == {"heard": {"a": "hello"}}
    assert [line.text for line in LogLine.objects.filter(run=run)] == ["hello"]
    words = list(Event.objects.filter(target_kind="run").order_by("at").values_list("action", flat=True))
    assert words == ["runs.started", "runs.moved", "runs.finished"]
