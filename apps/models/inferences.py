"""The log of inferences: written in batches by the scoring service, read as figures, removed when it is old."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from apps.models.observed import Inference
from portal.audit.services import digest

BATCH = 5_000
RECENT = timedelta(minutes=15)


@dataclass(frozen=True)
class Scored:
    """One inference on its way to the log. `charge` is a digest already."""

    request_id: uuid.UUID
    model_id: int
    version_id: int
    at: datetime
    features: Mapping[str, object]
    score: float
    flagged: bool
    caller_id: int
    latency_ms: float
    charge: str


@dataclass(frozen=True)
class Pace:
    """How the last quarter of an hour was answered; no latencies when nothing was."""

    answers: int
    per_minute: float
    p50_ms: float | None
    p95_ms: float | None
    flagged: int


def digest_of(charge: str) -> str:
    """What stands for a charge in the log: it can be found again by whoever knows the charge and the key."""
    return digest(f"inference of charge {charge}")


@transaction.atomic
def write(batch: Iterable[Scored]) -> None:
    """A batch that is sent again, because the answer to the first was lost, adds nothing."""
    Inference.objects.bulk_create(
        [
            Inference(
                request_id=each.request_id, model_id=each.model_id, version_id=each.version_id, at=each.at,
                features=dict(each.features), score=each.score, flagged=each.flagged, caller_id=each.caller_id,
                latency_ms=each.latency_ms, charge_digest=each.charge,
            )
            for each in batch
        ],
        ignore_conflicts=True,
    )  # fmt: skip


def forget_old() -> int:
    """Removes what is older than the retention, in batches. Returns how many inferences went."""
    limit, gone = timezone.now() - timedelta(days=settings.INFERENCE_DAYS), 0
    while True:
        keys = list(Inference.objects.filter(at__lt=limit).values_list("pk", flat=True)[:BATCH])
        if not keys:
            return gone
        gone += Inference.objects.filter(pk__in=keys).delete()[0]


_PACE = """
    SELECT count(*), count(*) FILTER (WHERE flagged),
           percentile_cont(0.5) WITHIN GROUP (ORDER BY latency_ms),
           percentile_cont(0.95) WITHIN GROUP (ORDER BY latency_ms)
    FROM ml_inference WHERE model_id = %s AND at > %s
"""


def pace(model_id: int) -> Pace:
    with connection.cursor() as cursor:
        cursor.execute(_PACE, [model_id, timezone.now() - RECENT])
        answers, flagged, p50, p95 = cursor.fetchone()
    return Pace(answers, answers / (RECENT.total_seconds() / 60), p50, p95, flagged)


def window(version_id: int, since: datetime, until: datetime, *, most: int) -> Sequence[Inference]:
    """The newest inferences of a version between two moments, `most` at the most."""
    found = Inference.objects.filter(version_id=version_id, at__gte=since, at__lt=until)
    return list(found.only("features", "score", "at").order_by("-at")[:most])
