"""What serves is what the promotion ledger approved, seconds later: no alias, no other bytes, nothing else."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from django.urls import reverse
from django.utils import timezone

from apps.models.models import ModelVersion, Promotion, RegisteredModel
from apps.models.observed import ScoringService
from apps.models.scoring import ledger
from apps.models.scoring.ledger import Ledger
from apps.models.types import AliasState, PromotionState
from portal.audit.models import Event
from portal.notices.models import Notice
from tests.models import serving
from tests.models.scoring.conftest import Answer, Scoring, ended, started

Files = tuple[Path, Path]


def until(ask: Callable[[], Answer], status: int, code: str) -> Answer:
    began = time.monotonic()
    while time.monotonic() - began < 5:
        answer = ask()
        if (answer.status, answer.body.get("code")) == (status, code):
            return answer
        time.sleep(0.1)
    raise AssertionError(answer)


def holds(true: Callable[[], bool]) -> None:
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < 8
        time.sleep(0.1)


def test_it_follows_the_ledger_within_five_seconds_forth_and_back(scoring: Scoring, files: Files) -> None:
    _, token = serving.service()
    first, second = serving.version(files[0]), serving.version(files[1], number=2)
    serving.promote(first)
    scoring.serves(1)
    assert scoring.score(token).body["score"] > 0.9
    entry = serving.promote(second)
    assert scoring.serves(2) < 5
    assert scoring.score(token).body["score"] < 0.1
    Promotion.objects.filter(pk=entry.pk).update(state=PromotionState.ROLLED_BACK, rolled_back_at=timezone.now())
    assert scoring.serves(1) < 5
    assert scoring.score(token).body["version"] == 1
    told = Event.objects.filter(action="models.version_served").values_list("target_id", flat=True)
    assert sorted(told) == sorted(str(v.pk) for v in (first, first, second))


def test_an_alias_that_was_moved_outside_the_portal_is_not_served(scoring: Scoring, files: Files) -> None:
    """Whatever MLflow says of its alias, the portal keeps it beside the ledger and the service does not ask for it."""
    serving.promote(serving.version(files[0]))
    serving.version(files[1], number=2)
    scoring.serves(1)
    RegisteredModel.objects.update(alias_state=AliasState.MOVED, alias_version=2)
    time.sleep(2.5)
    assert scoring.ask("/healthz").body["version"] == 1


def test_changed_bytes_are_refused_and_the_one_before_goes_on(scoring: Scoring, files: Files, tmp_path: Path) -> None:
    _, token = serving.service()
    serving.promote(serving.version(files[0]))
    scoring.serves(1)
    bad = serving.artifact(tmp_path / "bad", sign=-1)
    forged = serving.version(bad, number=2)
    (bad / "model.skops").write_bytes((files[0] / "model.skops").read_bytes())
    serving.promote(forged)
    began = time.monotonic()
    while "problem" not in (said := scoring.ask("/healthz").body) and time.monotonic() - began < 5:
        time.sleep(0.1)
    assert (said["version"], "fingerprint" in said["problem"]) == (1, True)
    assert scoring.score(token).body["version"] == 1
    began = time.monotonic()
    while not Notice.objects.exists() and time.monotonic() - began < 5:
        time.sleep(0.1)
    notice = Notice.objects.get(kind="models.cannot_serve", resolved_at=None)
    assert (notice.roles, notice.url) == (["ml_engineer"], reverse("models:model", args=["fraud_model"]))
    assert "version 2 is approved and cannot be served" in notice.title
    refused = Event.objects.get(action="models.version_not_served")
    assert refused.target_id == str(forged.pk)
    time.sleep(2.5)  # it is looked at again, and told once
    assert Event.objects.filter(action="models.version_not_served").count() == 1
    Promotion.objects.filter(version=forged).update(state=PromotionState.ROLLED_BACK, rolled_back_at=timezone.now())
    serving.promote(ModelVersion.objects.get(number=1))
    began = time.monotonic()
    while Notice.objects.filter(resolved_at=None).exists() and time.monotonic() - began < 5:
        time.sleep(0.1)
    assert not Notice.objects.filter(resolved_at=None).exists()


def test_a_file_that_fails_in_an_unforeseen_way_ends_nothing_and_a_rollback_clears_it(
    scoring: Scoring, files: Files, tmp_path: Path
) -> None:
    """Approved as it is, and no archive at all: what opens it raises something of its own."""
    serving.promote(serving.version(files[0]))
    scoring.serves(1)
    broken = serving.artifact(tmp_path / "broken")
    (broken / "model.skops").write_bytes(b"no archive, and about jane@example.com")
    entry = serving.promote(serving.version(broken, number=2))
    holds(lambda: "problem" in scoring.ask("/healthz").body)
    said = scoring.ask("/healthz")
    assert (said.status, said.body["version"], "BadZipFile" in said.body["problem"]) == (200, 1, True)
    holds(lambda: Notice.objects.filter(kind="models.cannot_serve", resolved_at=None).exists())
    assert "jane" not in scoring.log.read_text() + Notice.objects.get().title
    Promotion.objects.filter(pk=entry.pk).update(state=PromotionState.ROLLED_BACK, rolled_back_at=timezone.now())
    holds(lambda: "problem" not in scoring.ask("/healthz").body)
    assert not Notice.objects.filter(resolved_at=None).exists()
    serving.promote(serving.version(files[1], number=3))
    scoring.serves(3)


def test_when_nothing_is_approved_any_more_nothing_is_a_problem(scoring: Scoring, files: Files, tmp_path: Path) -> None:
    entry = serving.promote(serving.version(files[0], sha256="f" * 64))
    holds(lambda: Notice.objects.filter(resolved_at=None).exists())
    Promotion.objects.filter(pk=entry.pk).update(state=PromotionState.ROLLED_BACK, rolled_back_at=timezone.now())
    holds(lambda: scoring.ask("/healthz").status == 200)
    assert not Notice.objects.filter(resolved_at=None).exists()


def test_a_look_that_fails_is_told_and_made_again(live_db: None, files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ledger's own thread, in this process: only so can the look itself be made to fail."""
    serving.registered()
    followed = Ledger("of the test")
    monkeypatch.setattr(ledger, "serving", lambda name: {}["jane@example.com"])
    followed.turn()
    assert followed.failed is not None
    assert "KeyError at test_ledger.py" in followed.failed.reason
    assert "jane" not in followed.failed.reason
    assert "KeyError" in Notice.objects.get(kind="models.cannot_serve", resolved_at=None).title
    assert "KeyError" in ScoringService.objects.get(name="of the test").problem
    monkeypatch.undo()
    followed.turn()
    assert followed.failed is None
    assert not Notice.objects.filter(resolved_at=None).exists()


def test_only_unloadable_is_503_with_the_reason(scoring: Scoring, files: Files) -> None:
    _, token = serving.service()
    serving.promote(serving.version(files[0], sha256="f" * 64))
    answer = until(lambda: scoring.score(token), 503, "not_loadable")
    assert "cannot be loaded" in answer.body["detail"]
    assert scoring.ask("/healthz").status == 503


def test_nothing_promoted_and_nothing_to_train_on_are_503_with_the_reason(scoring: Scoring) -> None:
    _, token = serving.service()
    until(lambda: scoring.score(token), 503, "unknown_model")
    model = serving.registered()
    until(lambda: scoring.score(token), 503, "not_promoted")
    model.untrainable = "no labels"
    model.save()
    answer = until(lambda: scoring.score(token), 503, "not_trainable")
    assert answer.body["detail"] == "not trainable: no labels"
    assert answer.headers["Retry-After"]
    assert scoring.ask("/healthz").status == 200  # the service itself is well


def test_it_tells_the_portal_what_it_serves(scoring: Scoring, files: Files) -> None:
    serving.promote(serving.version(files[0]))
    scoring.serves(1)
    time.sleep(2.2)
    row = ScoringService.objects.get(name=f"127.0.0.1:{scoring.port}")
    assert row.version is not None
    assert row.version.number == 1
    assert row.since is not None
    assert 100 < row.memory_mib < 600


@pytest.fixture
def mortal(live_db: None, tmp_path: Path) -> object:
    """A service of the test's own, to be ended."""
    serving.forget_kept_files()
    found = started(tmp_path)
    yield found
    found.process.kill()


def test_a_restart_needs_no_mlflow_and_term_writes_what_was_answered(
    mortal: Scoring, files: Files, tmp_path: Path
) -> None:
    """One process for both, because a process takes its time to start."""
    from apps.models.observed import Inference

    _, token = serving.service()
    gone = serving.artifact(tmp_path / "gone")
    serving.promote(serving.version(gone))
    mortal.serves(1)
    (gone / "MLmodel").unlink()  # as when MLflow does not answer: what was verified was kept
    asked = [mortal.score(token).body["request_id"] for _ in range(40)]
    assert ended(mortal) in (0, -15)  # uvicorn ends by the signal itself, once everything is done
    assert {str(key) for key in Inference.objects.values_list("request_id", flat=True)} == set(asked)
    again = started(tmp_path)
    try:
        again.serves(1)
    finally:
        ended(again)
