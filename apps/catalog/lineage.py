"""Where a dataset's values come from and where they go, over what the person may know of.

The walk takes only visible steps: what lies behind a dataset one may not know of is not found, so that no name, no
count and no shape of it is told.
"""

from collections import defaultdict
from dataclasses import dataclass
from typing import Literal

from django.db import connection

from apps.catalog.models import Column, Dataset
from apps.catalog.selectors import visible_ids
from portal.accounts.selectors import Someone

Direction = Literal["upstream", "downstream"]
DEEPEST = 30
MOST_PAIRS = 20_000

# A path inside a document and what contains it are one step, like an edge.
WALK = """
WITH RECURSIVE graph AS NOT MATERIALIZED (
    SELECT upstream_id, downstream_id FROM catalog_lineageedge WHERE kind = 'value'
    UNION ALL
    SELECT id, within_id FROM catalog_column WHERE within_id IS NOT NULL
), walk AS (
    SELECT c.id AS start_id, c.id AS column_id, 0 AS steps
    FROM catalog_column c WHERE c.dataset_id = %(dataset)s AND c.retired_at IS NULL
    UNION
    SELECT w.start_id, c.id, w.steps + 1
    FROM walk w
    JOIN graph g ON g.{here} = w.column_id
    JOIN catalog_column c ON c.id = g.{there}
    JOIN catalog_dataset d ON d.id = c.dataset_id
    WHERE w.steps < %(deepest)s AND c.retired_at IS NULL AND d.retired_at IS NULL AND d.id = ANY(%(visible)s)
)
SELECT start_id, column_id, min(steps) FROM walk WHERE steps > 0
GROUP BY start_id, column_id ORDER BY min(steps), start_id, column_id LIMIT %(most)s
"""
SIDES = {"upstream": ("downstream_id", "upstream_id"), "downstream": ("upstream_id", "downstream_id")}


@dataclass(frozen=True)
class Pair:
    """`here` is a column of the dataset one asked about, `there` one of the dataset that was reached."""

    here: str
    there: str
    steps: int


@dataclass(frozen=True)
class Reached:
    dataset: Dataset
    steps: int
    pairs: tuple[Pair, ...]

    @property
    def layer(self) -> str:
        return f"{self.dataset.source.name} / {self.dataset.namespace}"


def reached(person: Someone, dataset: Dataset, direction: Direction) -> list[Reached]:
    """Nearest first. Three queries."""
    here, there = SIDES[direction]
    with connection.cursor() as cursor:
        cursor.execute(
            WALK.format(here=here, there=there),
            {
                "dataset": dataset.pk,
                "deepest": DEEPEST,
                "visible": list(visible_ids(person)),
                "most": MOST_PAIRS,
            },
        )
        rows: list[tuple[int, int, int]] = cursor.fetchall()
    columns = Column.objects.in_bulk({pk for start, column, _ in rows for pk in (start, column)})
    pairs: dict[int, list[Pair]] = defaultdict(list)
    for start, column, steps in rows:
        if columns[column].dataset_id != dataset.pk:
            pairs[columns[column].dataset_id].append(Pair(columns[start].name, columns[column].name, steps))
    datasets = Dataset.objects.select_related("source").in_bulk(pairs)
    found = [Reached(datasets[pk], min(p.steps for p in each), tuple(each)) for pk, each in pairs.items()]
    return sorted(found, key=lambda each: (each.steps, each.dataset.source.name, each.dataset.title))
