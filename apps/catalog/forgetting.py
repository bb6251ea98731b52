"""What the catalog forgets of people who were erased: names that are somebody's value."""

from collections.abc import Iterable

from django.db import transaction
from django.db.models import Q

from apps.catalog import maps
from apps.catalog.inference import lock_graph, settle
from apps.catalog.models import Check, CheckOutcome, Column, Dataset
from portal.audit.actions import Action
from portal.audit.services import record
from portal.audit.types import Actor, Target


@transaction.atomic
def forget_names(
    *, actor: Actor, datasets: Iterable[int], columns: Iterable[int], checks: Iterable[int], outcomes: Iterable[int]
) -> None:
    """Deletes columns of documents (and paths inside of VARIANT columns) and checks that are named by somebody's value.
    Tables that a store has now, and their columns, stay: they are the store's to rename."""
    lock_graph()
    renamed = _rename_retired(datasets)
    deleted = {
        "answers": CheckOutcome.objects.filter(pk__in=list(outcomes)).delete()[0],
        "checks": Check.objects.filter(pk__in=list(checks)).delete()[1].get("catalog.Check", 0),
    }
    nobodys = Q(dataset__kind="collection") | Q(within__isnull=False) | Q(retired_at__isnull=False)
    nobodys |= Q(dataset__retired_at__isnull=False)
    gone = maps.delete(Column.objects.filter(nobodys, pk__in=list(columns)).values_list("pk", flat=True))
    settle(datasets=gone | renamed)
    record(
        actor=actor,
        action=Action.NAMES_FORGOTTEN,
        target=Target("catalog", "names", "names"),
        detail={**deleted, "datasets": len(gone | renamed)},
    )


def _rename_retired(datasets: Iterable[int]) -> set[int]:
    """Their rows stay, because history points at them."""
    rows = list(Dataset.objects.filter(pk__in=list(datasets), retired_at__isnull=False))
    for row in rows:
        row.name = f"[erased {row.pk}]"
        row.path = [*row.path[:-1], row.name]
    Dataset.objects.bulk_update(rows, ["name", "path"])
    return {row.pk for row in rows}
