"""What rested on columns in the moment they broke, as steps from dataset to dataset."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

from django.db import connection

Step = tuple[int, int]  # (dataset, the next one downstream)
DEEPEST = 30
MOST_STEPS = 20_000

# From the columns themselves, which are retired by now; everything after them has to be live.
WALK = """
WITH RECURSIVE graph AS NOT MATERIALIZED (
    SELECT upstream_id, downstream_id FROM catalog_lineageedge WHERE kind = 'value'
    UNION ALL
    SELECT id, within_id FROM catalog_column WHERE within_id IS NOT NULL
), walk AS (
    SELECT c.id AS start_id, c.id AS column_id, c.dataset_id AS from_id, c.dataset_id AS to_id, 0 AS steps
    FROM catalog_column c WHERE c.id = ANY(%(columns)s)
    UNION
    SELECT w.start_id, c.id, w.to_id, c.dataset_id, w.steps + 1
    FROM walk w
    JOIN graph g ON g.upstream_id = w.column_id
    JOIN catalog_column c ON c.id = g.downstream_id
    JOIN catalog_dataset d ON d.id = c.dataset_id
    WHERE w.steps < %(deepest)s AND c.retired_at IS NULL AND d.retired_at IS NULL
)
SELECT DISTINCT start_id, from_id, to_id FROM walk WHERE from_id <> to_id ORDER BY 1, 2, 3 LIMIT %(most)s
"""


def steps_below(columns: Collection[int]) -> dict[int, list[Step]]:
    """By column. One query."""
    if not columns:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(WALK, {"columns": list(columns), "deepest": DEEPEST, "most": MOST_STEPS})
        rows: list[tuple[int, int, int]] = cursor.fetchall()
    found: dict[int, list[Step]] = defaultdict(list)
    for start, above, below in rows:
        found[start].append((above, below))
    return found


def reached(start: int, steps: Iterable[Sequence[int]], visible: frozenset[int] | None) -> list[int]:
    """Datasets below `start`, nearest first, by steps that the reader may see: what lies behind a hidden one is not
    told. None is a machine, which sees all."""
    below: dict[int, list[int]] = defaultdict(list)
    for above, under in steps:
        below[above].append(under)
    found: list[int] = []
    waiting = [start]
    for dataset in waiting:
        for under in below[dataset]:
            if under != start and under not in found and (visible is None or under in visible):
                found.append(under)
                waiting.append(under)
    return found
