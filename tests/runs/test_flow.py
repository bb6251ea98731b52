"""How steps and runs move, without workers: claims and verdicts by hand."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from portal.accounts.models import User
from portal.audit.models import Event
from portal.notices.selectors import notices_for
from portal.runs import selectors, sweeper
from portal.runs.claims import Claim, claim, look, renew
from portal.runs.context import Context
from portal.runs.executor import execute
from portal.runs.flows import STEP
from portal.runs.models import Attempt, LogLine, Pool, Run, Step
from portal.runs.pools import next_in
from portal.runs.services import BadPlan, cancel_run, resume_run, wait_for
from portal.runs.settle import back_off, fence, settle, take_over
from portal.runs.types import LeaseLost, Outcome, StepCancelled, Wait
from portal.runs.verdicts import End, Stop, Verdict
from portal.workflow import ForbiddenMove, StaleState, move
from tests.runs.plans import HOUSE, start, step

pytestmark = pytest.mark.django_db


def claimed(run: Run, key: str = "a") -> Claim:
    found = claim(run.steps.get(key=key).pk, worker="test")
    assert found is not None
    return found


def run_step(run: Run, key: str = "a") -> Step:
    execute(claimed(run, key))
    return run.steps.get(key=key)


def state_of(run: Run) -> str:
    run.refresh_from_db()
    return run.state


def test_a_step_is_claimed_once_however_often_it_is_delivered() -> None:
    run = start(step("a", "trivial"))
    step_id = run.steps.get().pk
    assert claim(step_id, worker="one") is not None
    assert claim(step_id, worker="two") is None
    assert Attempt.objects.count() == 1


def test_the_database_refuses_a_second_live_attempt() -> None:
    first = claimed(start(step("a", "trivial")))
    with pytest.raises(IntegrityError), transaction.atomic():
        Attempt.objects.create(
            step_id=first.step_id, number=2, worker="x", started_at=timezone.now(), lease_until=timezone.now()
        )


def test_outputs_reach_the_steps_that_named_them() -> None:
    run = start(step("a", "trivial"), step("b", "trivial"), step("c", "reads", ("a",)))
    run_step(run, "a"), run_step(run, "b")
    assert run_step(run, "c").output == {"heard": {"a": "hello"}}
    assert state_of(run) == "done"
    assert selectors.summary(run).startswith("3 steps done in")


def test_a_failure_skips_what_depends_on_it_and_lets_the_rest_go_on(analyst: User) -> None:
    run = start(step("a", "broken"), step("b", "trivial", ("a",)), step("c", "trivial", ("b",)), step("d", "trivial"),
                by=analyst)  # fmt: skip
    run_step(run, "a")
    assert state_of(run) == "running"
    run_step(run, "d")
    assert state_of(run) == "failed"
    assert [s.state for s in run.steps.all()] == ["failed", "skipped", "skipped", "done"]
    assert selectors.summary(run).startswith("failed in Step a: KeyError in steps.py, line ")
    assert "; 2 later steps skipped; smallest re-run: 3 steps" in selectors.summary(run)
    assert [n.title for n in notices_for(analyst)] == [f"{run.title}: {run.reason}"]


def test_an_unexpected_error_tells_its_place_and_never_its_message() -> None:
    run = start(step("a", "broken"))
    run_step(run)
    told = [*run.steps.values_list("reason", flat=True), *Attempt.objects.values_list("error", flat=True)]
    told += [*LogLine.objects.values_list("text", flat=True), *Event.objects.values_list("payload", flat=True)]
    assert any("KeyError in steps.py" in text for text in told)
    assert not any("ana@example.com" in text for text in told)


def test_retries_count_up_to_the_limit_and_say_when() -> None:
    run = start(step("a", "flaky", failures=9, marks="/dev/null", max_attempts=2))
    failed = run_step(run)
    assert (failed.state, failed.wait, failed.tries) == ("waiting", Wait.RETRY, 1)
    assert failed.not_before is not None
    assert failed.reason == "attempt 1 failed: not yet"
    assert (state_of(run), run.reason) == ("waiting", "Step a: attempt 1 failed: not yet")
    assert claim(failed.pk, worker="early") is None

    Step.objects.update(not_before=timezone.now() - timedelta(seconds=1))
    sweeper.wake_the_due()
    assert run_step(run).state == "failed"
    assert state_of(run) == "failed"


def test_a_failure_that_retrying_cannot_mend_is_not_retried() -> None:
    run = start(step("a", "flaky", failures=9, retryable=False, marks="/dev/null"))
    assert run_step(run).state == "failed"


def test_a_store_that_is_down_costs_no_tries_until_patience_ends(settings) -> None:  # type: ignore[no-untyped-def]
    run = start(step("a", "down", times=99, max_attempts=2))
    waiting = run_step(run)
    assert (waiting.wait, waiting.tries, waiting.reason) == (Wait.STORE, 0, "store oltp is down: no connection")
    settings.RUN_STORE_PATIENCE_SECONDS = 0
    for _ in range(2):
        Step.objects.update(not_before=timezone.now() - timedelta(seconds=1))
        sweeper.wake_the_due()
        ended = run_step(run)
    assert (ended.state, ended.tries) == ("failed", 2)


def test_a_query_does_not_wait_for_a_store_that_is_down() -> None:
    run = start(step("a", "down", times=99, max_attempts=1, queue="queries"))
    assert run_step(run).state == "failed"


def test_back_off_doubles_is_capped_and_jittered(settings) -> None:  # type: ignore[no-untyped-def]
    settings.RUN_BACKOFF_SECONDS, settings.RUN_BACKOFF_CAP_SECONDS = 2, 10
    longest = [max(back_off(tries) for _ in range(500)) for tries in (1, 2, 3, 9)]
    assert [round(value) for value in longest] == [2, 4, 8, 10]
    assert min(back_off(3) for _ in range(500)) < 1


def test_an_outcome_of_an_attempt_that_lost_its_lease_is_refused() -> None:
    run = start(step("a", "trivial"))
    slept = claimed(run)
    Attempt.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert sweeper.take_from_the_dead() == 1
    again = claimed(run)
    assert again.attempt == 2

    with pytest.raises(LeaseLost):
        settle(slept, Verdict(End.DONE, outcome=Outcome("late")))
    with pytest.raises(LeaseLost), fence(slept.step_id, slept.attempt):
        pass
    context = Context(slept)
    context.log("late")
    context.lines.flush()
    assert not LogLine.objects.exists()
    assert renew([slept.attempt_id, again.attempt_id]) == {again.attempt_id: False}

    settle(again, Verdict(End.DONE, outcome=Outcome("in time")))
    assert run.steps.get().summary == "in time"
    assert Event.objects.filter(action="runs.lease_lost").count() == 2


def test_a_renewed_lease_is_not_taken() -> None:
    mine = claimed(start(step("a", "trivial")))
    attempt = Attempt.objects.select_related("step").get()
    attempt.lease_until = timezone.now() - timedelta(seconds=1)
    attempt.save()
    renew([mine.attempt_id])
    assert take_over(attempt) is False


def test_workers_that_die_again_and_again_end_the_step() -> None:
    run = start(step("a", "trivial", max_attempts=2))
    for _ in range(2):
        claimed(run)
        Attempt.objects.filter(state="running").update(lease_until=timezone.now() - timedelta(seconds=1))
        sweeper.take_from_the_dead()
    assert state_of(run) == "failed"
    assert "died, or was silent" in run.reason


def test_a_pool_lets_in_no_more_than_its_size_and_the_longest_waiting_first() -> None:
    runs = [start(step("a", "trivial", pool="narrow")) for _ in range(3)]
    first = claimed(runs[0])
    assert [claim(r.steps.get().pk, worker="test") for r in runs[1:]] == [None, None]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.db.transaction.on_commit", lambda run, **_: run())
        settle(first, Verdict(End.DONE, outcome=Outcome("")))
    assert [state_of(r) for r in runs] == ["done", "running", "waiting"]
    assert runs[1].steps.get().state == "queued"


def test_of_a_pool_with_shares_nobody_takes_all(
    analyst: User, colleague: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Six places. The one who asked for five first gets two; whoever comes later waits for no one."""
    settings.RUN_SHARES = {"wide": 2}
    Pool.objects.create(name="wide", size=6)
    much = [start(step("a", "trivial", pool="wide"), by=analyst) for _ in range(5)]
    first = claimed(much[0])
    claimed(much[1])
    assert [claim(r.steps.get().pk, worker="test") for r in much[2:]] == [None] * 3
    assert much[2].steps.get().reason == "waits for pool wide, of which 2 places are yours already"
    late = [start(step("a", "trivial", pool="wide"), by=colleague) for _ in range(3)]
    claimed(late[0])
    claimed(late[1])
    assert claim(late[2].steps.get().pk, worker="test") is None
    machine = start(step("a", "trivial", pool="wide"))
    claimed(machine)
    assert next_in("wide") == []
    monkeypatch.setattr("django.db.transaction.on_commit", lambda run, **_: run())
    settle(first, Verdict(End.DONE, outcome=Outcome("")))
    assert [r.steps.get().state for r in much] == ["done", "running", "queued", "waiting", "waiting"]
    assert late[2].steps.get().state == "waiting"


def test_whoever_holds_least_is_let_in_first(analyst: User, colleague: User, settings: Any) -> None:
    settings.RUN_SHARES = {"narrow": 9}
    claimed(start(step("a", "trivial", pool="narrow"), by=analyst))
    mine = [start(step("a", "trivial", pool="narrow"), by=analyst) for _ in range(2)]
    theirs = [start(step("a", "trivial", pool="narrow"), by=colleague) for _ in range(2)]
    for run in (*mine, *theirs):
        assert claim(run.steps.get().pk, worker="test") is None
    assert [run for _, run in next_in("narrow")] == [theirs[0].pk, mine[0].pk, theirs[1].pk, mine[1].pk]


def test_cancel_ends_what_has_not_started_and_tells_what_runs() -> None:
    run = start(step("a", "trivial"), step("b", "trivial", ("a",)))
    running = claimed(run)
    cancel_run(actor=HOUSE, run=run)
    assert state_of(run) == "running"
    assert look([running.attempt_id]) == {running.attempt_id: True}
    settle(running, Verdict(End.CANCELLED, str(Stop.CANCEL)))
    assert state_of(run) == "cancelled"
    assert run.reason == "cancelled by tests after 0 of 2 steps"
    with pytest.raises(StaleState):
        cancel_run(actor=HOUSE, run=run)


def test_work_that_was_finished_before_the_cancel_reached_it_stays_done() -> None:
    run = start(step("a", "trivial"), step("b", "trivial", ("a",)))
    running = claimed(run)
    cancel_run(actor=HOUSE, run=run)
    settle(running, Verdict(End.DONE, outcome=Outcome("done all the same")))
    assert [s.state for s in run.steps.all()] == ["done", "cancelled"]
    assert state_of(run) == "cancelled"


def test_resume_runs_only_what_was_not_done(analyst: User) -> None:
    run = start(step("a", "trivial"), step("b", "flaky", ("a",), failures=1, marks="/dev/null", max_attempts=1),
                step("c", "trivial", ("b",)), by=analyst)  # fmt: skip
    run_step(run, "a"), run_step(run, "b")
    assert state_of(run) == "failed"
    resume_run(actor=HOUSE, run=run)
    assert [s.state for s in run.steps.all()] == ["done", "queued", "waiting"]
    run_step(run, "b"), run_step(run, "c")
    assert (state_of(run), [s.attempt for s in run.steps.all()]) == ("done", [1, 2, 1])
    assert not notices_for(analyst).exists()
    with pytest.raises(ForbiddenMove):
        resume_run(actor=HOUSE, run=run)


def test_the_steps_that_wait_say_what_for() -> None:
    run = start(step("a", "waits"), step("b", "trivial", ("a",)))
    assert run.steps.get(key="b").reason == "starts after Step a"
    waiting = run_step(run)
    assert (waiting.state, waiting.wait, waiting.reason) == ("waiting", Wait.STEP, "the bank's file")
    with pytest.raises(IntegrityError), transaction.atomic():
        Step.objects.filter(key="b").update(wait="")


def test_a_stopped_step_hears_it_at_its_next_check() -> None:
    context = Context(claimed(start(step("a", "trivial"))))
    context.check()
    context.stop(Stop.CANCEL)
    with pytest.raises(StepCancelled):
        context.check()


def test_a_step_that_was_frozen_past_its_lease_hears_it_before_anyone_tells_it() -> None:
    context = Context(claimed(start(step("a", "trivial"))))
    context.renewed_at -= 3600
    with pytest.raises(LeaseLost):
        context.check()


def test_a_lost_message_is_sent_again_ever_more_rarely() -> None:
    run = start(step("a", "trivial"))
    for age, count in ((5, 1), (11, 2), (15, 2), (21, 3)):
        Step.objects.update(sent_at=timezone.now() - timedelta(seconds=age))
        sweeper.send_again()
        assert run.steps.get().sent_count == count


def test_a_move_from_a_state_that_is_gone_changes_nothing() -> None:
    run = start(step("a", "trivial"))
    stale, fresh = run.steps.get(), run.steps.get()
    move(STEP, fresh, "running", actor=HOUSE, attempt=1)
    events = Event.objects.count()
    with pytest.raises(StaleState):
        move(STEP, stale, "cancelled", actor=HOUSE)
    with pytest.raises(ForbiddenMove):
        move(STEP, fresh, "skipped", actor=HOUSE)
    assert Event.objects.count() == events


@pytest.mark.parametrize(
    "steps",
    [
        (),
        (step("a", "no such kind"),),
        (step("a", "trivial"), step("a", "trivial")),
        (step("a", "trivial", ("b",)), step("b", "trivial")),
        (step("a", "trivial", pool="no such pool"),),
        (step("a", "trivial", queue="no such queue"),),
    ],
)
def test_a_plan_that_cannot_run_is_refused(steps) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(BadPlan):
        start(*steps)
    assert not Run.objects.exists()


def test_waiting_for_a_run_ends_with_its_time() -> None:
    assert wait_for(start(step("a", "trivial")), 0.1) == "queued"


def test_log_lines_of_long_ended_runs_are_pruned() -> None:
    old, new = start(step("a", "trivial")), start(step("a", "trivial"))
    run_step(old), run_step(new)
    Run.objects.filter(pk=old.pk).update(finished_at=timezone.now() - timedelta(days=31))
    assert sweeper.prune() == 1
    assert list(LogLine.objects.values_list("run_id", flat=True)) == [new.pk]
