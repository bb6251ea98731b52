"""Turns edges by name into rows: finds the columns, opens documents into their paths, replaces what an origin said."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from apps.catalog.models import Column, Derivation, LineageEdge
from apps.catalog.naming import Names, is_below, is_semi_structured, part_name
from apps.catalog.row_edges.storing import RowLink, write_rows
from apps.catalog.types import ColumnRef, Edge, EdgeEvidence

BATCH = 5_000
# What a load adds to every row by itself. Exact names: a column of somebody's own that starts with `_` is not ours.
LOAD_COLUMNS = frozenset({"_LOADED_AT", "_RUN_ID", "_BATCH"})


@dataclass(frozen=True)
class Known:
    """What an origin says of a column that has no upstream: constant, count, generated or unknown (and why)."""

    column: Column
    how: str
    detail: str = ""


@dataclass(frozen=True)
class Link:
    """An edge between columns that were found."""

    upstream: Column
    downstream: Column
    kind: str
    transform: str
    evidence: EdgeEvidence


@dataclass(frozen=True)
class Stated:
    """Everything one origin says."""

    links: Sequence[Link]
    known: Sequence[Known] = ()
    rows: Sequence[RowLink] = ()


def stated_by_names(
    edges: Sequence[Edge], generated: Collection[ColumnRef], names: Names
) -> tuple[Stated, tuple[ColumnRef, ...]]:
    """Edges by name as links, and the names that the catalog does not know."""
    refs = {ref for edge in edges for ref in (edge.upstream, edge.downstream)}
    columns = names.resolve(refs)
    _declare_parts(refs, columns, names)
    missing = tuple(sorted(refs - columns.keys(), key=lambda ref: (ref.source, ref.path, ref.column)))
    links = [
        Link(upstream, downstream, str(edge.kind), edge.transform, edge.evidence)
        for edge in edges
        if edge.upstream in columns and edge.downstream in columns
        for upstream, downstream in _opened(columns[edge.upstream], columns[edge.downstream], names)
    ]
    made = [Known(column, Derivation.How.GENERATED) for column in names.resolve(generated).values()]
    return Stated(links, [*_load_columns(links, names), *made]), missing


def _declare_parts(refs: set[ColumnRef], columns: dict[ColumnRef, Column], names: Names) -> None:
    """`DOC:devices[].ip` becomes a column inside `DOC` the first time a load names it."""
    for ref in sorted(refs - columns.keys(), key=lambda ref: ref.column):
        head, colon, path = ref.column.partition(":")
        around = names.resolve([replace(ref, column=head)]) if colon else {}
        for holder in around.values():
            columns[ref] = _part(holder, path, "", names)


def _part(holder: Column, path: str, type_name: str, names: Names) -> Column:
    """One path inside a semi-structured column, made or brought back."""
    name = part_name(holder.name, path)[:500]
    held = names.columns(holder.dataset_id).get(name)
    if held:
        return held
    part, _ = Column.objects.update_or_create(
        dataset_id=holder.dataset_id,
        name=name,
        defaults={
            "within": holder,
            "type": type_name or "VARIANT",
            "position": holder.position,
            "retired_at": None,
        },
    )
    names.add(part)
    return part


def _opened(upstream: Column, downstream: Column, names: Names) -> list[tuple[Column, Column]]:
    """The edge itself, and, where a document lands whole in a VARIANT column, one for each path inside it."""
    pairs = [(upstream, downstream)]
    inside = ":" not in upstream.name and ":" not in downstream.name
    if not inside or not is_semi_structured(downstream.type):
        return pairs
    for column in list(names.columns(upstream.dataset_id).values()):
        path = _relative(column.name, upstream.name)
        if path:
            pairs.append((column, _part(downstream, path, column.type, names)))
    return pairs


def _relative(path: str, container: str) -> str:
    """`devices[].ip` in `devices` is `[].ip`; `DOC:a.b` in `DOC` is `a.b`; anything else is not inside."""
    if path.startswith(container + ":"):
        return path[len(container) + 1 :]
    if path != container and is_below(path, container):
        return path[len(container) :].removeprefix(".")
    return ""


def _load_columns(links: Iterable[Link], names: Names) -> list[Known]:
    loaded = {link.downstream.dataset_id for link in links if link.evidence.kind == "load"}
    return [
        Known(column, Derivation.How.GENERATED)
        for dataset in sorted(loaded)
        for column in names.columns(dataset).values()
        if column.name.upper() in LOAD_COLUMNS
    ]


def replace_origins(stated: Mapping[str, Stated]) -> set[int]:
    """Makes what is stated all that each origin says; writes only the difference. Returns the datasets it changed."""
    rows = write_rows({origin: each.rows for origin, each in stated.items()})
    return _write_links(stated) | _write_known(stated) | rows


Key = tuple[str, int, int, str]  # origin, upstream, downstream, kind


def _write_links(stated: Mapping[str, Stated]) -> set[int]:
    wanted: dict[Key, Link] = {
        (origin, link.upstream.pk, link.downstream.pk, link.kind): link
        for origin, each in stated.items()
        for link in each.links
        if link.upstream.pk != link.downstream.pk
    }
    held = {
        (edge.origin, edge.upstream_id, edge.downstream_id, edge.kind): edge
        for edge in LineageEdge.objects.filter(origin__in=stated).select_related("downstream")
    }
    gone = {key: edge for key, edge in held.items() if key not in wanted or edge.transform != wanted[key].transform}
    new = {key: link for key, link in wanted.items() if key not in held or key in gone}
    LineageEdge.objects.filter(pk__in=[edge.pk for edge in gone.values()]).delete()
    LineageEdge.objects.bulk_create([_row(key, link) for key, link in new.items()], batch_size=BATCH)
    return {edge.downstream.dataset_id for edge in gone.values()} | {
        link.downstream.dataset_id for link in new.values()
    }


def _row(key: Key, link: Link) -> LineageEdge:
    return LineageEdge(
        origin=key[0],
        upstream=link.upstream,
        downstream=link.downstream,
        kind=link.kind,
        transform=link.transform,
        evidence_kind=link.evidence.kind,
        evidence_ref=link.evidence.ref[:500],
        evidence_detail=link.evidence.detail[:2000],
    )


def _write_known(stated: Mapping[str, Stated]) -> set[int]:
    wanted = {(origin, known.column.pk): known for origin, each in stated.items() for known in each.known}
    held = {
        (row.origin, row.column_id): row
        for row in Derivation.objects.filter(origin__in=stated).select_related("column")
    }
    gone = {
        key: row
        for key, row in held.items()
        if key not in wanted or (wanted[key].how, wanted[key].detail[:500]) != (row.how, row.detail)
    }
    new = {key: known for key, known in wanted.items() if key not in held or key in gone}
    Derivation.objects.filter(pk__in=[row.pk for row in gone.values()]).delete()
    Derivation.objects.bulk_create(
        [
            Derivation(origin=key[0], column=known.column, how=known.how, detail=known.detail[:500])
            for key, known in new.items()
        ],
        batch_size=BATCH,
    )
    return {row.column.dataset_id for row in gone.values()} | {known.column.dataset_id for known in new.values()}
