"""Why a column has its category, in words that name nothing the reader may not know of."""

from collections.abc import Iterable
from dataclasses import dataclass

from apps.catalog.models import Column
from apps.catalog.types import Certainty

HIDDEN_ORIGIN = "a column you may not know of"


@dataclass(frozen=True)
class Origin:
    dataset: int
    name: str  # "oltp.public.customers.email"


def origins_of(columns: Iterable[int | None]) -> dict[int, Origin]:
    rows = Column.objects.filter(pk__in={pk for pk in columns if pk}).values_list(
        "id", "name", "dataset_id", "dataset__path", "dataset__source__name"
    )
    return {
        pk: Origin(dataset, ".".join([source, *(path[1:] or path), name])) for pk, name, dataset, path, source in rows
    }


def sentence(column: Column, origins: dict[int, Origin], visible: frozenset[int] | None) -> str:
    """`visible` are the ids of datasets the reader may know of; None is all of them."""
    if column.certainty != Certainty.INFERRED or column.inferred_from_id is None:
        return column.evidence
    origin = origins.get(column.inferred_from_id)
    known = origin is not None and (visible is None or origin.dataset in visible)
    name = origin.name if origin and known else HIDDEN_ORIGIN
    steps = "1 step" if column.inferred_steps == 1 else f"{column.inferred_steps} steps"
    return f"inferred from {name} through {steps}"
