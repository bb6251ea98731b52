"""Whether the scoring processes serve what the ledger approved: it says what may serve, only they know what does."""

from datetime import datetime, timedelta

from django.db.models import Max
from django.utils import timezone

from apps.models.models import Promotion
from apps.models.observed import ScoringService

NOTICE = "models.cannot_serve"
LOADS_WITHIN = timedelta(seconds=10)  # they ask the ledger every few seconds
SILENT_AFTER = timedelta(seconds=10)


def health(entry: Promotion, alert: str) -> tuple[str, str]:
    """(state, why) of an entry that is applied; no `why` where every process serves it. `alert` is the open one."""
    number = entry.version.number
    alive = _alive(entry)
    other = next((row for row in alive if row.version_id != entry.version_id), None)
    if other is None:
        if problem := next((row.problem for row in alive if row.problem), "") or alert:
            return "failed", f"approved: version {number}; {problem}"
        return ("up", "") if alive else ("waiting", f"approved: version {number}; no scoring service tells of itself")
    still = f"still serves version {other.version.number}" if other.version else "serves nothing"
    told = other.problem or alert
    if not told and _moved_at(entry) > timezone.now() - LOADS_WITHIN:
        return "running", f"approved: version {number}; the service {still} and is loading it"
    why = told or other.nothing or "it gives no reason"
    return "failed", f"approved: version {number}; the service {still}: {why}"


def _alive(entry: Promotion) -> list[ScoringService]:
    """Those that serve this model, or nothing."""
    rows = ScoringService.objects.filter(at__gt=timezone.now() - SILENT_AFTER).select_related("version")
    return [row for row in rows.order_by("name") if row.version is None or row.version.model_id == entry.model_id]


def _moved_at(entry: Promotion) -> datetime:
    """When this entry became the one that serves: applied, or the next one rolled back."""
    back = Promotion.objects.filter(model=entry.model_id).aggregate(last=Max("rolled_back_at"))["last"]
    return max(moment for moment in (entry.applied_at, back) if moment)
