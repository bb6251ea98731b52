"""The one way a finding is opened and closed."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from apps.catalog.findings.models import Finding
from apps.catalog.findings.types import FindingKind, FindingsReport, Found
from apps.catalog.models import Source
from portal.audit.actions import Action
from portal.audit.services import record
from portal.audit.types import Actor, Target

Key = tuple[int | None, str]
TOLD = {"summary": 500, "detail": 2000, "column": 500, "evidence": 300}
BATCH = 500


@transaction.atomic
def state(*, actor: Actor, source: str, origin: str, kind: FindingKind, found: Iterable[Found]) -> FindingsReport:
    """Makes `found` all the open findings of `kind` that `origin` states about `source`: new ones open, those that it
    states no more close. Stating the same again changes nothing but when they were last seen.

    Raises Source.DoesNotExist.
    """
    row = Source.objects.select_for_update(no_key=True).get(name=source)
    wanted = {(each.dataset, each.key[:500]): each for each in found}
    held = {(f.dataset_id, f.key): f for f in Finding.objects.filter(**_open(row, origin, kind))}
    now = timezone.now()
    new = [Finding(source=row, origin=origin, kind=kind, opened_at=now) for key in wanted if key not in held]
    fresh = dict(zip((key for key in wanted if key not in held), new, strict=True))
    for key, each in wanted.items():
        _tell(fresh.get(key) or held[key], each, now)
    gone = [f.pk for key, f in held.items() if key not in wanted]
    Finding.objects.filter(pk__in=gone).update(closed_at=now)
    Finding.objects.bulk_create(new, batch_size=BATCH)
    kept = [f for key, f in held.items() if key in wanted]
    Finding.objects.bulk_update(kept, [*TOLD, "seen_at"], batch_size=BATCH)
    if new or gone:
        record(
            actor=actor,
            action=Action.FINDINGS_CHANGED,
            target=Target("source", str(row.pk), row.name),
            detail={"origin": origin, "kind": kind.value, "opened": len(new), "closed": len(gone)},
        )
    return FindingsReport(len(new), len(gone), len(wanted))


def _open(source: Source, origin: str, kind: FindingKind) -> dict[str, object]:
    return {"source": source, "origin": origin, "kind": kind, "closed_at": None}


def _tell(finding: Finding, found: Found, now: datetime) -> None:
    finding.dataset_id, finding.key, finding.seen_at = found.dataset, found.key[:500], now
    for name, most in TOLD.items():
        setattr(finding, name, getattr(found, name)[:most])
