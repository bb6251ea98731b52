"""What the log of inferences keeps, and what it must not."""

import json
import time
import uuid
from collections.abc import Callable
from datetime import timedelta

from django.utils import timezone

from apps.models import inferences
from apps.models.observed import Inference
from tests.models.scoring.conftest import RIGHT, Scoring


def logged(request_id: str) -> Inference:
    began = time.monotonic()
    while time.monotonic() - began < 3:
        if found := Inference.objects.filter(request_id=request_id).first():
            return found
        time.sleep(0.05)
    raise AssertionError("it was not logged")


def test_an_inference_is_kept_with_everything_but_a_person(champion: Scoring, token: str) -> None:
    answer = champion.score(token, {**RIGHT, "CHANNEL": "ana@example.com"}, charge="ch_secret").body
    row = logged(answer["request_id"])
    assert (row.model.name, row.version.number, row.caller.username) == ("fraud_model", 1, "checkout")
    assert row.features == {"AMOUNT": 3_900.0, "HOUR": 12, "CHANNEL": "(other)"}
    assert abs(row.score - answer["score"]) < 1e-5
    assert 0 < row.latency_ms < 5_000
    assert row.charge_digest == inferences.digest_of("ch_secret")
    everything = json.dumps(list(Inference.objects.values()), default=str) + champion.log.read_text()
    assert "ch_secret" not in everything
    assert "ana@example" not in everything
    assert token not in everything


def test_the_figures_of_the_last_quarter_of_an_hour(champion: Scoring, token: str) -> None:
    row = logged(champion.score(token).body["request_id"])
    pace = inferences.pace(row.model_id)
    assert pace.answers >= 1
    assert pace.p50_ms is not None
    assert pace.p95_ms is not None
    assert pace.p50_ms <= pace.p95_ms


def test_writing_a_batch_twice_keeps_it_once_and_what_is_old_goes(
    champion: Scoring, token: str, settings, django_assert_max_num_queries: Callable[..., object]
) -> None:  # type: ignore[no-untyped-def]
    row = logged(champion.score(token).body["request_id"])
    old = timezone.now() - timedelta(days=settings.INFERENCE_DAYS, minutes=1)
    scored = inferences.Scored(
        uuid.uuid4(), row.model_id, row.version_id, old, {"AMOUNT": 1.0}, 0.5, False, row.caller_id, 1.0, ""
    )
    inferences.write([scored])
    inferences.write([scored])
    assert Inference.objects.filter(request_id=scored.request_id).count() == 1
    assert inferences.forget_old() == 1
    assert Inference.objects.filter(pk=row.pk).exists()
