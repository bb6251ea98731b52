"""What inferences and drift reports keep of a person, for whoever must find it and remove it (`portal.holders`).

An inference stands beside a person only by the keyed digest of its charge; one that was asked for without a charge
cannot be told from another's, which is why callers name it. Words in inputs are those that training rows had; should
one of them be a person's key or value, it is found here as well. What names no charge and holds nothing of the person
stays until its time is over, and every answer says so: how many such rows there are, and when the newest of them goes.
Reports hold shares of bins, whose words are looked through.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import Error, connection, transaction
from django.db.models import Count, Max, Q, QuerySet

from apps.models.drift.services import forget_html
from apps.models.inferences import BATCH, digest_of
from apps.models.observed import DriftReport, Inference
from portal.audit.actions import Action
from portal.audit.services import record
from portal.audit.types import Actor, Target
from portal.holders import Held, HolderSilent, Traces

ACTOR = Actor.system("holders")
LOG, REPORTS = "log of inferences", "drift reports"
NAMELESS = "inferences without a charge, of everybody"
ERASED = "(erased)"


class Inferences:
    title = "Inferences"

    def find(self, traces: Traces) -> Sequence[Held]:
        return [Held(LOG, len(_keys(traces)), "rows"), *_nameless()]

    def collect(self, traces: Traces) -> Iterator[tuple[str, Mapping[str, object]]]:
        keys = _keys(traces)
        for row in Inference.objects.filter(pk__in=keys).select_related("model", "version").order_by("at").iterator():
            yield (
                LOG,
                {
                    "at": row.at.isoformat(),
                    "model": row.model.name,
                    "version": row.version.number,
                    "inputs": row.features,
                    "score": row.score,
                    "flagged": row.flagged,
                },
            )

    def erase(self, traces: Traces, *, check: Callable[[], None]) -> Sequence[Held]:
        keys, gone = _keys(traces), 0
        for start in range(0, len(keys), BATCH):
            check()
            gone += _erased(keys[start : start + BATCH])
        return [Held(LOG, gone, "rows"), *_nameless()]


@transaction.atomic
def _erased(keys: Sequence[int]) -> int:
    gone, _ = Inference.objects.filter(pk__in=keys).delete()
    record(actor=ACTOR, action=Action.INFERENCES_ERASED, target=Target("inferences", LOG), detail={"rows": gone})
    return gone


def _keys(traces: Traces) -> list[int]:
    """Raises HolderSilent where the digests of charges cannot be made, or the log cannot be read."""
    if not settings.AUDIT_DIGEST_KEY:
        raise HolderSilent("Charges stand in the log of inferences as digests, and the key of the digests is missing.")
    digests = [digest_of(charge) for charge in sorted(traces.keys.get("charge", ()))]
    try:
        keys = frozenset(key for each in traces.keys.values() for key in each)
        return sorted({*_by(Q(charge_digest__in=digests)), *_by_word(traces.values, keys)})
    except Error:
        connection.close()
        raise HolderSilent("The log of inferences cannot be read: the portal's database does not answer.") from None


def _by(condition: Q) -> QuerySet[Inference, int]:
    return Inference.objects.filter(condition).values_list("pk", flat=True)


_WORDS = """
    SELECT id FROM ml_inference
    WHERE EXISTS (
      SELECT 1 FROM jsonb_each(features) f WHERE
        jsonb_typeof(f.value) = 'string' AND (f.value #>> '{}' = ANY(%s) OR lower(f.value #>> '{}') = ANY(%s))
        OR jsonb_typeof(f.value) = 'number' AND f.value #>> '{}' = ANY(%s)
    )
"""


def _by_word(values: frozenset[str], keys: frozenset[str]) -> list[int]:
    """Keys as they are written; values without case, and telephone numbers also where they stand as numbers. A key
    that is a number is not looked for among numbers: there, it is an amount or an hour."""
    if not values and not keys:
        return []
    lower = sorted({value.lower() for value in values})
    with connection.cursor() as cursor:
        cursor.execute(_WORDS, [sorted(keys), lower, lower])
        return [int(key) for (key,) in cursor.fetchall()]


def _nameless() -> list[Held]:
    """Not the person's that anybody could tell, and not certainly nobody's: so they are told, with their last day."""
    found = Inference.objects.filter(charge_digest="").aggregate(rows=Count("pk"), newest=Max("at"))
    if not found["rows"]:
        return []
    last = found["newest"] + timedelta(days=settings.INFERENCE_DAYS)
    keep = (
        "no key or value of the person stands in their inputs, and whose they are nobody can tell; each is removed "
        f"{settings.INFERENCE_DAYS} days after it was made, the newest on {last:%-d %B %Y}"
    )
    return [Held(NAMELESS, found["rows"], "rows", keep)]


class DriftReports:
    title = "Drift reports"

    def find(self, traces: Traces) -> Sequence[Held]:
        return [Held(REPORTS, len(_told(traces)), "reports")]

    def collect(self, traces: Traces) -> Iterator[tuple[str, Mapping[str, object]]]:
        """Nothing: a report is of many people, and shares of a bin are nobody's answer."""
        return iter(())

    def erase(self, traces: Traces, *, check: Callable[[], None]) -> Sequence[Held]:
        """The word goes from the figures, and Evidently's page goes as a whole."""
        found = _told(traces)
        for report in found:
            check()
            with transaction.atomic():
                forget_html([report])
                DriftReport.objects.filter(pk=report.pk).update(figures=_without(report.figures, traces.values))
                target = Target("driftreport", str(report.pk))
                record(actor=ACTOR, action=Action.INFERENCES_ERASED, target=target, detail={"reports": 1})
        return [Held(REPORTS, len(found), "reports")]


def _told(traces: Traces) -> list[DriftReport]:
    if not traces.values:
        return []
    try:
        return [each for each in DriftReport.objects.iterator() if _words(each.figures) & traces.values]
    except Error:
        connection.close()
        raise HolderSilent("Drift reports cannot be read: the portal's database does not answer.") from None


def _words(figures: list[dict[str, Any]]) -> set[str]:
    return {label for figure in figures for label in figure["labels"]}


def _without(figures: list[dict[str, Any]], values: frozenset[str]) -> list[dict[str, Any]]:
    return [{**each, "labels": [ERASED if label in values else label for label in each["labels"]]} for each in figures]


INFERENCES, DRIFT_REPORTS = Inferences(), DriftReports()
