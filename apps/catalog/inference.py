"""Recomputes every inferred category from the stored graph, in a fixed number of queries, and writes what changed."""

from collections import defaultdict

from django.db import connection
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from apps.catalog.finding import index
from apps.catalog.models import Column, Dataset, Derivation, LineageEdge, Source
from apps.catalog.propagation import UNKNOWN, Graph, Inferred, infer
from apps.catalog.types import Certainty, EdgeKind

LOCK = 7_203_001
ENTRY = r"(^|[.:])\*$"
Stored = tuple[str, str, str, int | None, int, tuple[str, ...]]

WRITE = """
UPDATE catalog_column AS c
SET category = n.category, certainty = n.certainty, evidence = n.evidence, inferred_from_id = n.origin,
    inferred_steps = n.steps, carries = string_to_array(n.carries, ',')
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::bigint[], %s::int[], %s::text[])
     AS n(id, category, certainty, evidence, origin, steps, carries)
WHERE c.id = n.id
"""


def lock_graph() -> None:
    """Writers of the graph take turns: two that infer at once would each miss what the other wrote."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def settle(*, datasets: set[int]) -> None:
    """After a change: infer again, refresh search, and raise the revision of every source that changed."""
    publish(_write(_differences()) | datasets)


def publish(datasets: set[int]) -> None:
    """Tells search and the gate's caches that something of these datasets changed."""
    index.refresh(datasets)
    touched = Dataset.objects.filter(pk__in=datasets).values("source")
    Source.objects.filter(pk__in=touched).update(revision=F("revision") + 1)


def _connected() -> QuerySet[Column]:
    """Live columns without those that nothing flows into or out of and that are already known to be unknown: of a
    large operational store that is nearly all, and they can only stay what they are."""
    me = OuterRef("pk")
    alone = Q(category="", evidence=UNKNOWN, inferred_from=None, within=None) & ~Q(name__regex=ENTRY)
    edges = LineageEdge.objects.filter(kind=EdgeKind.VALUE)
    # Each looked up by its index: as lists they would not fit into the server's memory, and be read once per column.
    linked = (
        Exists(edges.filter(upstream=me))
        | Exists(edges.filter(downstream=me))
        | Exists(Derivation.objects.filter(column=me))
        | Exists(Column.objects.filter(within=me))
    )
    return Column.objects.filter(~alone | linked, retired_at=None, dataset__retired_at=None)


def load_graph() -> tuple[Graph, dict[int, Stored]]:
    rows = _connected().values_list(
        "id", "within_id", "category", "certainty", "evidence", "inferred_from_id", "inferred_steps", "carries"
    )
    stored: dict[int, Stored] = {}
    confirmed: dict[int, str] = {}
    parts: list[tuple[int, int, str]] = []
    for pk, within, category, certainty, evidence, origin, steps, carries in rows.iterator(chunk_size=20_000):
        stored[pk] = (category, certainty, evidence, origin, steps, tuple(carries))
        if certainty == Certainty.CONFIRMED:
            confirmed[pk] = category
        if within:
            parts.append((pk, within, "copy"))
    edges = LineageEdge.objects.filter(kind=EdgeKind.VALUE).values_list("upstream_id", "downstream_id", "transform")
    live = [edge for edge in edges.iterator(chunk_size=20_000) if edge[0] in stored]
    derived: dict[int, set[str]] = defaultdict(set)
    for pk, how in Derivation.objects.values_list("column_id", "how"):
        derived[pk].add(how)
    for pk in _entries(live):
        derived[pk].add("keys")
    frozen = {pk: frozenset(hows) for pk, hows in derived.items()}
    return Graph(list(stored), confirmed, live + parts, frozen), stored


def _entries(edges: list[tuple[int, int, str]]) -> set[int]:
    """Entries of maps (`seen.*`, `DOC:seen.*`) that begin here: what is inside says nothing of their keys."""
    rows = Column.objects.filter(retired_at=None, dataset__retired_at=None, name__regex=ENTRY)
    return set(rows.values_list("pk", flat=True)) - {downstream for _, downstream, _ in edges}


def _differences() -> dict[int, Stored]:
    graph, stored = load_graph()
    wanted = {pk: _row(inferred) for pk, inferred in infer(graph).items()}
    return {pk: row for pk, row in wanted.items() if row != stored[pk]}


def _row(found: Inferred) -> Stored:
    certainty = Certainty.INFERRED if found.category else Certainty.NONE
    return found.category, certainty.value, found.evidence, found.origin, found.steps, found.carries


def _write(rows: dict[int, Stored]) -> set[int]:
    """Returns the datasets that have a changed column."""
    if not rows:
        return set()
    category, certainty, evidence, origin, steps, carries = (list(part) for part in zip(*rows.values(), strict=True))
    words = [",".join(each) for each in carries]
    with connection.cursor() as cursor:
        cursor.execute(WRITE, [list(rows), category, certainty, evidence, origin, steps, words])
    return set(Column.objects.filter(pk__in=list(rows)).values_list("dataset_id", flat=True).distinct())
