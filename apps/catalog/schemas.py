"""What the gate is told of a source. Built once per revision and set of visible datasets, then kept in the process."""

from collections import defaultdict
from collections.abc import Iterable

from apps.catalog.evidence import Origin, origins_of, sentence
from apps.catalog.kept import Kept
from apps.catalog.models import Column, Source
from apps.catalog.types import Certainty, ColumnSchema, DatasetSchema, SourceKind, SourceSchema

_kept: Kept[SourceSchema] = Kept(32)


def schema_of(source: Source, visible: frozenset[int] | None) -> SourceSchema:
    """`visible` are the datasets, of all sources, that the reader may know of; None is everything (a machine)."""
    return _kept.get((source.pk, source.revision, visible), lambda: _build(source, visible))


def _build(source: Source, visible: frozenset[int] | None) -> SourceSchema:
    datasets = source.datasets.filter(retired_at=None).order_by("id")
    if visible is not None:
        datasets = datasets.filter(pk__in=visible)
    columns: dict[int, list[ColumnSchema]] = defaultdict(list)
    rows = list(_columns(source, visible))
    origins = origins_of(row.inferred_from_id for row in rows)
    for row in rows:
        columns[row.dataset_id].append(_column(row, origins, visible))
    found = tuple(
        DatasetSchema(id=d.pk, path=tuple(d.path), columns=tuple(columns[d.pk]), owner=d.owner, kind=d.kind)
        for d in datasets.only("id", "source_id", "path", "owner", "kind")
    )
    return SourceSchema(source.name, source.kind, tuple(source.default_path), found, source.revision)


def _columns(source: Source, visible: frozenset[int] | None) -> Iterable[Column]:
    """Paths inside a VARIANT column serve lineage only: the gate knows the column that holds them."""
    rows = Column.objects.filter(dataset__source=source, dataset__retired_at=None, retired_at=None)
    if visible is not None:
        rows = rows.filter(dataset__in=visible)
    if source.kind != SourceKind.MONGO:
        rows = rows.filter(within=None)
    return rows.order_by("dataset_id", "position", "id").defer("comment", "description")


def _column(row: Column, origins: dict[int, Origin], visible: frozenset[int] | None) -> ColumnSchema:
    return ColumnSchema(
        id=row.pk,
        name=row.name,
        type=row.type,
        category=row.category,
        certainty=Certainty(row.certainty),
        evidence=sentence(row, origins, visible),
        nullable=row.nullable,
        carries=tuple(row.carries),
    )
