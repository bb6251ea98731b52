"""Inferences and drift reports answer for what they keep of a person."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone

from apps.models import holding
from apps.models.drift import files
from apps.models.observed import DriftReport, Inference
from portal.holders import HolderSilent, Traces
from tests.models import observed

pytestmark = pytest.mark.django_db
HERS = Traces(keys={"customer": frozenset({"cus_1"}), "charge": frozenset({"ch_hers"})}, values=frozenset({"Ana"}))


def nothing() -> None:
    """A check that never stops the work."""


def test_a_persons_inferences_are_found_by_charge_told_and_erased_and_others_stay() -> None:
    version = observed.version()
    observed.log(version, 2, charge="ch_hers")
    observed.log(version, 3, charge="ch_his")
    holder = holding.Inferences()
    assert [(held.place, held.count) for held in holder.find(HERS)] == [("log of inferences", 2)]
    told = [record for _, record in holder.collect(HERS)]
    assert len(told) == 2
    assert set(told[0]) == {"at", "model", "version", "inputs", "score", "flagged"}
    assert holder.erase(HERS, check=nothing)[0].count == 2
    assert holder.erase(HERS, check=nothing)[0].count == 0
    assert Inference.objects.count() == 3
    assert holder.find(HERS)[0].count == 0


def test_a_persons_word_among_the_inputs_is_found_too() -> None:
    version = observed.version()
    observed.log(version, 1, CHANNEL="Ana")
    observed.log(version, 1)
    assert holding.Inferences().find(HERS)[0].count == 1


@pytest.mark.parametrize("word", ["Ana", "ANA", "cus_1", 12015550142])
def test_a_key_or_value_among_the_inputs_is_erased_without_a_charge(word: object) -> None:
    hers = Traces(keys={"customer": frozenset({"cus_1", "12"})}, values=frozenset({"ana", "12015550142"}))
    version = observed.version()
    observed.log(version, 1, CHANNEL=word)
    observed.log(version, 1, CHANNEL="cus_12")
    observed.log(version, 1, HOUR=12)
    assert holding.Inferences().erase(hers, check=nothing)[0].count == 1
    assert Inference.objects.count() == 2


def test_inferences_without_a_charge_are_told_with_their_last_day(settings) -> None:  # type: ignore[no-untyped-def]
    version = observed.version()
    observed.log(version, 2, charge="ch_his")
    assert len(holding.Inferences().find(HERS)) == 1
    observed.log(version, 3)
    newest = Inference.objects.filter(charge_digest="").latest("at").at
    settings.INFERENCE_DAYS = 30
    for answer in (holding.Inferences().find(HERS), holding.Inferences().erase(HERS, check=nothing)):
        told = answer[1]
        assert (told.place, told.count) == ("inferences without a charge, of everybody", 3)
        assert f"the newest on {newest + timedelta(days=30):%-d %B %Y}" in told.keep
    assert Inference.objects.count() == 5


def test_an_erasure_that_is_stopped_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holding, "BATCH", 1)
    version = observed.version()
    observed.log(version, 3, charge="ch_hers")
    calls = iter((None, InterruptedError))

    def check() -> None:
        if error := next(calls):
            raise error

    with pytest.raises(InterruptedError):
        holding.Inferences().erase(HERS, check=check)
    assert Inference.objects.count() == 2


def test_without_the_key_of_the_digests_it_is_silent(settings) -> None:  # type: ignore[no-untyped-def]
    settings.AUDIT_DIGEST_KEY = ""
    with pytest.raises(HolderSilent):
        holding.Inferences().find(HERS)


@pytest.mark.parametrize("holder", [holding.Inferences(), holding.DriftReports()])
def test_without_the_database_it_is_silent(holder: holding.Inferences, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(*args: object, **kwargs: object) -> None:
        raise OperationalError

    monkeypatch.setattr(holding, "_by", down)
    monkeypatch.setattr(DriftReport.objects, "iterator", down)
    monkeypatch.setattr(holding.connection, "close", lambda: None)
    with pytest.raises(HolderSilent):
        holder.find(HERS)


def test_a_word_in_a_report_goes_and_evidentlys_page_with_it(settings, tmp_path) -> None:  # type: ignore[no-untyped-def]
    settings.DRIFT_DIR = tmp_path / "drift"
    version, now = observed.version(), timezone.now()
    figure = {
        "name": "CHANNEL",
        "psi": 0.1,
        "drifted": False,
        "labels": ["web", "Ana"],
        "reference": [1, 0],
        "current": [1, 0],
    }
    made: Callable[..., DriftReport] = DriftReport.objects.create
    report = made(
        model=version.model, version=version, run_id=1, at=now, window_from=now, window_to=now, state="steady",
        inferences=300, needed=200, share=0.0, share_limit=0.3, psi_limit=0.25, figures=[figure], html_bytes=1,
    )  # fmt: skip
    files.write(report.pk, b"<html>Ana</html>")
    holder = holding.DriftReports()
    assert holder.find(HERS)[0].count == 1
    assert list(holder.collect(HERS)) == []
    assert holder.erase(HERS, check=nothing)[0].count == 1
    report.refresh_from_db()
    assert report.figures[0]["labels"] == ["web", "(erased)"]
    assert not files.path_of(report.pk).exists()
    assert holder.find(HERS)[0].count == 0
