"""What queries read, counted by the day. The queries themselves are in the trail; these are sums of them."""

from collections.abc import Iterable

from django.db import connection, transaction
from django.utils import timezone

from apps.catalog.models import Column
from portal.accounts.models import User

DAYS = 30
DATASETS = """INSERT INTO catalog_datasetuse (dataset_id, user_id, day, reads)
SELECT d.id, %s, %s, 1 FROM catalog_dataset d WHERE d.id = ANY(%s)
ON CONFLICT (dataset_id, user_id, day) DO UPDATE SET reads = catalog_datasetuse.reads + 1"""
COLUMNS = """INSERT INTO catalog_columnuse (column_id, day, reads) SELECT unnest(%s::bigint[]), %s, 1
ON CONFLICT (column_id, day) DO UPDATE SET reads = catalog_columnuse.reads + 1"""
# What is certified stands before all, what is deprecated behind; then what is used, by orders of magnitude and not by
# sums; what was filled this week a little.
WEIGH = """UPDATE catalog_dataset AS d SET standing = w.standing FROM (
    SELECT d.id, (least(900, 100 * ln(1 + coalesce(sum(u.reads), 0)))
                  + CASE WHEN d.loaded_at > now() - interval '7 days' THEN 50 ELSE 0 END
                  + CASE WHEN m.certified_at IS NOT NULL THEN 1000 WHEN m.deprecated_at IS NOT NULL THEN -1000
                    ELSE 0 END)::int AS standing
    FROM catalog_dataset d LEFT JOIN catalog_datasetuse u ON u.dataset_id = d.id AND u.day > current_date - %s
    LEFT JOIN catalog_mark m ON m.dataset_id = d.id
    GROUP BY d.id, m.certified_at, m.deprecated_at
) AS w WHERE w.id = d.id AND w.standing <> d.standing"""


@transaction.atomic
def count(*, user: User, datasets: Iterable[int], columns: Iterable[str]) -> None:
    """One query of `user` that was answered. `columns` are dotted paths with the column last, of documents also without
    their database; those of no dataset that was read are left out."""
    listed, day = sorted(set(datasets)), timezone.now().date()
    wanted = set(columns)
    rows = Column.objects.filter(dataset__in=listed, retired_at=None).values_list("pk", "name", "dataset__path")
    read = sorted(pk for pk, name, path in rows if {".".join((*path, name)), f"{path[-1]}.{name}"} & wanted)
    with connection.cursor() as cursor:
        cursor.execute(DATASETS, [user.pk, day, listed])
        cursor.execute(COLUMNS, [read, day])


@transaction.atomic
def weigh() -> int:
    """Puts what is used and fresh before what is not, in search. Returns how many datasets stand elsewhere now."""
    with connection.cursor() as cursor:
        cursor.execute(WEIGH, [DAYS])
        return int(cursor.rowcount)
