"""Which columns decide what rows a dataset has, and which datasets a dataset's columns decide about: one step, over
what the person may know of. What lies behind a dataset one may not know of is not counted either."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import QuerySet

from apps.catalog.models import Dataset
from apps.catalog.row_edges.models import RowEdge
from apps.catalog.row_edges.types import RowRole
from apps.catalog.selectors import visible_ids
from portal.accounts.selectors import Someone

MOST = 5_000


@dataclass(frozen=True)
class Decision:
    """One column and what it does, in words: "filters, joins"; `evidence` is where that is known from."""

    column: str
    roles: tuple[str, ...]
    evidence: tuple[str, ...]

    @property
    def words(self) -> str:
        return ", ".join(str(RowRole(role).label) for role in self.roles)


@dataclass(frozen=True)
class Deciding:
    """`dataset` is the other end; `decisions` are of its columns (upstream) or of one's own (downstream)."""

    dataset: Dataset
    decisions: tuple[Decision, ...]

    @property
    def layer(self) -> str:
        return f"{self.dataset.source.name} / {self.dataset.namespace}"


def row_upstream(person: Someone, dataset: Dataset) -> list[Deciding]:
    """Two queries."""
    edges = _live(RowEdge.objects.filter(downstream=dataset, upstream__dataset__in=visible_ids(person)))
    return _grouped((edge.upstream.dataset, edge) for edge in edges)


def row_downstream(person: Someone, dataset: Dataset) -> list[Deciding]:
    """Two queries."""
    edges = _live(RowEdge.objects.filter(upstream__dataset=dataset, downstream__in=visible_ids(person)))
    return _grouped((edge.downstream, edge) for edge in edges)


def _live(edges: QuerySet[RowEdge]) -> list[RowEdge]:
    alive = edges.filter(
        upstream__retired_at=None, upstream__dataset__retired_at=None, downstream__retired_at=None
    ).select_related("upstream__dataset__source", "downstream__source")
    return list(alive.order_by("upstream__position", "upstream_id", "role", "origin")[:MOST])


def _grouped(pairs: Iterable[tuple[Dataset, RowEdge]]) -> list[Deciding]:
    datasets: dict[int, Dataset] = {}
    found: dict[int, dict[str, list[RowEdge]]] = defaultdict(lambda: defaultdict(list))
    for dataset, edge in pairs:
        datasets[dataset.pk] = dataset
        found[dataset.pk][edge.upstream.name].append(edge)
    grouped = [
        Deciding(datasets[pk], tuple(_decision(name, edges) for name, edges in columns.items()))
        for pk, columns in found.items()
    ]
    return sorted(grouped, key=lambda each: (each.dataset.source.name, each.dataset.title))


def _decision(column: str, edges: list[RowEdge]) -> Decision:
    return Decision(
        column,
        tuple(dict.fromkeys(edge.role for edge in edges)),
        tuple(dict.fromkeys(f"{edge.evidence_kind} {edge.evidence_ref}".strip() for edge in edges)),
    )
