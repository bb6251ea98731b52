"""Writes the row edges of some origins: only the difference."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from apps.catalog.models import Column
from apps.catalog.row_edges.models import RowEdge
from apps.catalog.types import EdgeEvidence

BATCH = 5_000


@dataclass(frozen=True)
class RowLink:
    """A row edge between what was found: `downstream` is the dataset's id."""

    upstream: Column
    downstream: int
    role: str
    evidence: EdgeEvidence


Key = tuple[str, int, int, str]  # origin, upstream, downstream, role


def write_rows(stated: Mapping[str, Sequence[RowLink]]) -> set[int]:
    """Makes `stated` all the row edges of each origin. Returns the datasets it changed."""
    wanted: dict[Key, RowLink] = {
        (origin, link.upstream.pk, link.downstream, link.role): link
        for origin, links in stated.items()
        for link in links
    }
    rows = RowEdge.objects.filter(origin__in=stated).values_list("pk", "origin", "upstream", "downstream", "role")
    held: dict[Key, int] = {(origin, up, down, role): pk for pk, origin, up, down, role in rows}
    gone = held.keys() - wanted.keys()
    new = [key for key in wanted if key not in held]
    RowEdge.objects.filter(pk__in=[held[key] for key in gone]).delete()
    RowEdge.objects.bulk_create([_row(key, wanted[key]) for key in new], batch_size=BATCH)
    return {downstream for _, _, downstream, _ in (*gone, *new)}


def _row(key: Key, link: RowLink) -> RowEdge:
    origin, upstream, downstream, role = key
    return RowEdge(
        origin=origin,
        upstream_id=upstream,
        downstream_id=downstream,
        role=role,
        evidence_kind=link.evidence.kind,
        evidence_ref=link.evidence.ref[:500],
        evidence_detail=link.evidence.detail[:2000],
    )
