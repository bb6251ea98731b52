"""Latest answers and their history, set-based."""

from collections.abc import Sequence
from datetime import datetime

from apps.catalog.models import Check, CheckOutcome
from apps.catalog.types import CheckResult

LATEST = ("passed", "detail", "evidence", "figures", "checked_at")


def write(results: Sequence[tuple[int, CheckResult]], *, now: datetime) -> None:
    """`results` are (dataset id, result)."""
    latest = {(pk, result.name[:400], result.column): result for pk, result in results}
    rows = Check.objects.bulk_create(
        [
            Check(
                dataset_id=pk,
                name=name,
                column=column,
                passed=result.passed,
                detail=result.detail[:500],
                evidence=result.evidence[:300],
                figures=dict(result.figures),
                checked_at=now,
            )
            for (pk, name, column), result in latest.items()
        ],
        update_conflicts=True,
        unique_fields=["dataset", "name", "column"],
        update_fields=LATEST,
    )
    CheckOutcome.objects.bulk_create(
        [
            CheckOutcome(
                check_of_id=row.pk, passed=row.passed, detail=row.detail, evidence=row.evidence, checked_at=now
            )
            for row in rows
        ]
    )
