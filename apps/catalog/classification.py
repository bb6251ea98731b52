"""What a person's word about columns writes."""

from collections import defaultdict
from collections.abc import Iterable

from django.utils import timezone

from apps.catalog.models import Column
from apps.catalog.types import Certainty
from portal.audit.types import Actor


def is_new(column: Column, category: str, evidence: str) -> bool:
    """An empty category takes a confirmation back; of what was only inferred there is none to take."""
    if not category:
        return column.certainty == Certainty.CONFIRMED
    return (column.category, column.certainty, column.evidence) != (category, Certainty.CONFIRMED, evidence)


def confirm(items: Iterable[tuple[Column, str]], *, actor: Actor, evidence: str) -> None:
    """One statement for each category, however many columns have it."""
    columns: dict[str, list[int]] = defaultdict(list)
    for column, category in items:
        columns[category].append(column.pk)
    for category, ids in columns.items():
        Column.objects.filter(pk__in=ids).update(
            category=category,
            certainty=Certainty.CONFIRMED if category else Certainty.NONE,
            evidence=evidence if category else "",
            carries=[category] if category else [],
            inferred_from=None,
            inferred_steps=0,
            classified_by=actor.name if category else "",
            classified_at=timezone.now() if category else None,
        )
