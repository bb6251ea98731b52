"""What a person's word about a column writes."""

from django.utils import timezone

from apps.catalog.models import Column
from apps.catalog.types import Certainty
from portal.audit.types import Actor

FIELDS = (
    "category",
    "certainty",
    "evidence",
    "carries",
    "inferred_from",
    "inferred_steps",
    "classified_by",
    "classified_at",
)


def confirm(column: Column, category: str, actor: Actor, evidence: str) -> bool:
    certainty = Certainty.CONFIRMED if category else Certainty.NONE
    if (column.category, column.certainty, column.evidence) == (category, certainty, evidence[:500]):
        return False
    if not category and column.certainty != Certainty.CONFIRMED:
        return False
    column.category, column.certainty = category, certainty
    column.evidence = evidence[:500] if category else ""
    column.carries = [category] if category else []
    column.inferred_from, column.inferred_steps = None, 0
    column.classified_by = actor.name if category else ""
    column.classified_at = timezone.now() if category else None
    return True
