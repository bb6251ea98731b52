"""A load beside a request: its work waits, and what a store refuses meanwhile is asked for again."""

import pytest
from django.utils import timezone

from apps.compliance.requests import running
from apps.compliance.requests.models import SubjectRequest
from apps.compliance.requests.steps import asking
from apps.compliance.subjects import discovery, rescan
from apps.compliance.subjects.sight import Blind, Unseen
from apps.compliance.subjects.types import Dataset, Discovery, Rescan
from apps.pipelines.models import PipelineRun
from portal.accounts.models import User
from portal.runs import sweeper
from portal.runs.executor import work
from portal.runs.models import Run, Step
from portal.runs.types import StepFailed, StepWaits
from portal.stores.types import StoreError
from tests.compliance.requests.builders import TRACE, approved, usual_plan
from tests.pipelines import builders

GONE = StoreError("no table", store="warehouse", public="That table is not there.", retryable=False, code="missing")
UNSEEN = Blind([Unseen(Dataset("warehouse", ("A", "B", "C")), "the catalog's account sees it, this one does not")])


def end(load: PipelineRun) -> None:
    Run.objects.filter(pk=load.run_id).update(state="done", finished_at=timezone.now())


def again(step: Step) -> Step:
    Step.objects.filter(pk=step.pk).update(not_before=timezone.now())
    sweeper.sweep()
    work(step.pk)
    step.refresh_from_db()
    return step


def test_an_erasure_waits_for_a_load_and_goes_on(live_db: None, officer: User, second_officer: User) -> None:
    run = running.start_erasure(actor=second_officer, request=approved(officer, second_officer))
    load = builders.started()
    step = run.steps.get(key="compare")
    work(step.pk)
    step.refresh_from_db()
    assert (step.state, step.wait) == ("waiting", "step")
    assert f"Run {load.run_id} is on its way" in step.reason
    end(load)
    again(step)
    assert (step.state, "No governance file says" in step.reason) == ("failed", True), (
        "it went on, and there are no rules"
    )


@pytest.mark.parametrize(("refused", "alone"), [(GONE, StoreError), (UNSEEN, StepFailed)])
def test_what_a_store_refuses_beside_a_load_is_asked_for_again(
    db: None, refused: Exception, alone: type[Exception]
) -> None:
    load = builders.started()
    with pytest.raises(StepWaits, match="on its way"), asking():
        raise refused
    end(load)
    with pytest.raises(alone), asking():
        raise refused


def test_a_comparison_beside_a_load_is_made_again(
    live_db: None, officer: User, second_officer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a load brings behind the comparison was not compared, so nothing is entered or erased on its word."""
    loads: list[PipelineRun] = []

    def found(**_: object) -> Discovery:
        if not loads:
            loads.append(builders.started())
        return Discovery(usual_plan(), TRACE)

    monkeypatch.setattr(discovery, "discover", found)
    run = running.start_erasure(actor=second_officer, request=approved(officer, second_officer))
    step = again(run.steps.get(key="compare"))
    assert (step.state, step.wait) == ("waiting", "step")
    assert f"Run {loads[0].run_id} is on its way" in step.reason
    end(loads[0])
    assert again(step).state == "done"


def test_a_search_afterwards_waits_for_a_load_and_is_made_again_beside_one(
    live_db: None, officer: User, second_officer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a load writes behind the search was not searched."""
    searches: list[PipelineRun | None] = []

    def found(**_: object) -> Rescan:
        searches.append(None if searches else builders.started())
        return Rescan((), (), (), (), 0)

    monkeypatch.setattr(rescan, "rescan", found)
    request = approved(officer, second_officer)
    run = running.start_erasure(actor=second_officer, request=request)
    before = builders.started()
    run.steps.exclude(key__in=["rescan", "certify"]).update(state="done", wait="", reason="")
    run.steps.filter(key="rescan").update(state="queued", wait="", reason="")
    step = again(run.steps.get(key="rescan"))
    assert (step.state, searches) == ("waiting", []), "nothing is searched while a load writes"
    assert f"Run {before.run_id} is on its way" in step.reason
    end(before)
    step = again(step)
    during = searches[0]
    assert during is not None
    assert step.state == "waiting"
    assert f"Run {during.run_id} is on its way" in step.reason
    assert SubjectRequest.objects.get(pk=request.pk).state == "rescanning"
    end(during)
    assert again(step).state == "done"
    assert len(searches) == 2
