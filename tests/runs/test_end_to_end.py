from redis import Redis

from portal.audit.models import Event
from portal.runs.health import scheduler_health, worker_health
from portal.runs.models import LogLine, Step
from portal.runs.reasons import reason_of
from portal.runs.services import wait_for
from tests.runs.plans import start, step
from tests.runs.processes import Celery, eventually, running


def test_worker_and_scheduler_as_processes_do_a_run_whose_first_message_was_lost(
    live_db: None,
    tmp_path,
    settings,  # type: ignore[no-untyped-def]
) -> None:
    run = start(step("a", "trivial"), step("b", "reads", ("a",)))
    Redis.from_url(settings.BROKER_URL).flushdb()
    assert (worker_health().ok, scheduler_health().ok) == (False, False)
    Step.objects.filter(state="queued").update(sent_at="2020-01-01T00:00Z")
    assert reason_of(None, run) == "Step a: no worker is running"  # type: ignore[arg-type]

    with running(Celery(tmp_path)) as celery:
        celery.beat()
        celery.worker()
        assert wait_for(run, 30) == "done", celery.logs()
        eventually(lambda: worker_health().ok and scheduler_health().ok, 10)
        assert worker_health().version == settings.VERSION

    first, second = run.steps.all()
    assert (first.summary, first.counts, first.attempt, first.sent_count) == ("said hello", {"words": 1}, 1, 2)
    assert second.output == {"heard": {"a": "hello"}}
    assert [line.text for line in LogLine.objects.filter(run=run)] == ["hello"]
    trail = list(Event.objects.filter(target_kind="run").order_by("at").values_list("action", flat=True))
    assert trail == ["runs.started", "runs.moved", "runs.finished"]
