"""Which columns a column reaches, or is made from, over what the person may know of: breadth first, one question a hop.

The walk takes only visible steps: behind a dataset that one may not know of nothing is found, so that no name, no count
and no distance tells of it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from django.db import connection

from apps.catalog.models import Dataset
from portal.accounts.access import known_ids
from portal.accounts.selectors import Someone

Direction = Literal["downstream", "upstream"]
MOST_HOPS = 30
MOST = 50_000  # columns of one answer; what is beyond is said to be more
# A path of a document and what contains it are one step, as an edge is: downstream goes to the container.
STEPS = {
    "downstream": """SELECT downstream_id AS id FROM catalog_lineageedge
        WHERE kind = 'value' AND upstream_id = ANY(%(at)s)
        UNION SELECT within_id FROM catalog_column WHERE id = ANY(%(at)s) AND within_id IS NOT NULL""",
    "upstream": """SELECT upstream_id AS id FROM catalog_lineageedge
        WHERE kind = 'value' AND downstream_id = ANY(%(at)s)
        UNION SELECT id FROM catalog_column WHERE within_id = ANY(%(at)s)""",
}
HOP = """SELECT c.id FROM ({steps}) AS step JOIN catalog_column c ON c.id = step.id
JOIN catalog_dataset d ON d.id = c.dataset_id
WHERE c.retired_at IS NULL AND d.retired_at IS NULL AND (%(everything)s OR d.id = ANY(%(known)s))"""
# Row edges end at a dataset: which of its rows there are, whatever column one looks at.
ROWS = {
    "downstream": """SELECT r.upstream_id AS at, d.id, string_agg(DISTINCT r.role, ', ' ORDER BY r.role)
        FROM catalog_rowedge r JOIN catalog_dataset d ON d.id = r.downstream_id
        WHERE r.upstream_id = ANY(%(at)s) AND d.retired_at IS NULL AND (%(everything)s OR d.id = ANY(%(known)s))
        GROUP BY r.upstream_id, d.id""",
    "upstream": """SELECT r.downstream_id AS at, c.id, string_agg(DISTINCT r.role, ', ' ORDER BY r.role)
        FROM catalog_rowedge r JOIN catalog_column c ON c.id = r.upstream_id
        JOIN catalog_dataset d ON d.id = c.dataset_id
        WHERE r.downstream_id = ANY(%(at)s) AND c.retired_at IS NULL AND d.retired_at IS NULL
        AND (%(everything)s OR d.id = ANY(%(known)s)) GROUP BY r.downstream_id, c.id""",
}


@dataclass(frozen=True)
class Reached:
    """Hops by column, without the columns where it began; `more`: the walk was cut at MOST."""

    hops: dict[int, int]
    more: bool


def walk(person: Someone, start: Iterable[int], direction: Direction, hops: int) -> Reached:
    seen: dict[int, int] = dict.fromkeys(start, 0)
    frontier = list(seen)
    scope = _scope(person)
    for hop in range(1, min(hops, MOST_HOPS) + 1):
        if not frontier or len(seen) > MOST:
            break
        with connection.cursor() as cursor:
            cursor.execute(HOP.format(steps=STEPS[direction]), {"at": frontier, **scope})
            found = {int(row[0]) for row in cursor.fetchall()}
        frontier = sorted(found - seen.keys())
        seen.update(dict.fromkeys(frontier, hop))
    reached = {pk: hop for pk, hop in seen.items() if hop}
    return Reached(dict(list(reached.items())[:MOST]), len(reached) > MOST)


def row_steps(person: Someone, at: Iterable[int], direction: Direction) -> list[tuple[int, int, str]]:
    """Downstream (column, dataset whose rows it decides, how); upstream (dataset, column that decides them, how)."""
    with connection.cursor() as cursor:
        cursor.execute(ROWS[direction], {"at": sorted(set(at)), **_scope(person)})
        return [(int(row[0]), int(row[1]), str(row[2])) for row in cursor.fetchall()]


def _scope(person: Someone) -> dict[str, Any]:
    ids = known_ids(person, Dataset)
    return {"everything": ids is None, "known": ids or []}
