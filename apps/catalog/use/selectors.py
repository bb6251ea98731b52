"""Who queries what, of what the person may know of. Other people's names are for those who answer for the data."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, Max, Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from apps.catalog.models import Dataset
from apps.catalog.selectors import datasets_for
from apps.catalog.use.models import ColumnUse, DatasetUse
from apps.catalog.use.services import DAYS
from portal.accounts.selectors import Someone, has_role
from portal.accounts.types import Role

NAMES_FOR = (Role.STEWARD, Role.OFFICER, Role.AUDITOR, Role.ADMINISTRATOR)
TOP, LISTED = 12, 200
UNUSED_DAYS = 90


@dataclass(frozen=True)
class Use:
    """Of the last `DAYS` days. `people` is empty where the reader may not see names; `readers` counts them."""

    reads: int
    readers: int
    days: tuple[tuple[date, int], ...]
    columns: tuple[tuple[str, int], ...]
    people: tuple[tuple[str, int], ...]
    last: date | None


def since(days: int) -> date:
    return timezone.now().date() - timedelta(days=days)


def of_dataset(person: Someone, dataset: Dataset) -> Use:
    rows = DatasetUse.objects.filter(dataset=dataset, day__gt=since(DAYS))
    total = rows.aggregate(reads=Coalesce(Sum("reads"), 0), readers=Count("user", distinct=True))
    columns = ColumnUse.objects.filter(column__dataset=dataset, day__gt=since(DAYS)).values_list("column__name")
    by_person = rows.values_list("user__username").annotate(n=Sum("reads")).order_by("-n", "user__username")
    return Use(
        reads=total["reads"],
        readers=total["readers"],
        days=tuple(rows.values_list("day").annotate(n=Sum("reads")).order_by("day")),
        columns=tuple(columns.annotate(n=Sum("reads")).order_by("-n", "column__name")[:TOP]),
        people=tuple(by_person[:TOP]) if has_role(person, *NAMES_FOR) else (),
        last=DatasetUse.objects.filter(dataset=dataset).aggregate(day=Max("day"))["day"],
    )


def popular(person: Someone) -> QuerySet[Any]:
    """Most read first, with `reads` and `readers`."""
    recent = Q(uses__day__gt=since(DAYS))
    rows = datasets_for(person).annotate(
        reads=Coalesce(Sum("uses__reads", filter=recent), 0), readers=Count("uses__user", filter=recent, distinct=True)
    )
    return rows.filter(reads__gt=0).order_by("-reads", "name", "pk")


def unused(person: Someone) -> QuerySet[Any]:
    """Read by no query in `UNUSED_DAYS`, the largest first; what is younger than that has not had its time."""
    read = DatasetUse.objects.filter(day__gt=since(UNUSED_DAYS)).values("dataset")
    old = datasets_for(person).filter(created_at__date__lte=since(UNUSED_DAYS)).exclude(pk__in=read)
    rows = old.exclude(source__kind="models").annotate(last=Max("uses__day"))
    return rows.order_by(Coalesce("size_bytes", 0).desc(), Coalesce("row_count", 0).desc(), "name", "pk")
