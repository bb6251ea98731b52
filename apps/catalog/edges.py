"""Turns edges by name into rows: finds the columns, opens documents into their paths, replaces one origin's edges."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from apps.catalog.models import Column, Derivation, LineageEdge
from apps.catalog.naming import Names, is_below, is_semi_structured, part_name
from apps.catalog.types import ColumnRef, Edge

BATCH = 5_000
# What a load adds to every row by itself. Exact names: a column of somebody's own that starts with `_` is not ours.
LOAD_COLUMNS = frozenset({"_LOADED_AT", "_RUN_ID", "_BATCH"})


@dataclass(frozen=True)
class Known:
    """What one origin says of a column that has no upstream: constant, count, generated or unknown (and why)."""

    column: Column
    how: str
    detail: str = ""


@dataclass
class Replaced:
    edges: int
    datasets: set[int]
    unmatched: tuple[ColumnRef, ...]
    changed: bool


def replace_origin(*, origin: str, edges: Sequence[Edge], known: Sequence[Known], names: Names) -> Replaced:
    refs = {edge.upstream for edge in edges} | {edge.downstream for edge in edges}
    columns = names.resolve(refs)
    _declare_parts(refs, columns, names)
    missing = tuple(sorted(refs - columns.keys(), key=lambda ref: (ref.source, ref.path, ref.column)))
    pairs = [e for e in edges if e.upstream in columns and e.downstream in columns]
    rows = {}
    for edge in pairs:
        for upstream, downstream in _opened(columns[edge.upstream], columns[edge.downstream], names):
            if upstream.pk != downstream.pk:
                rows[upstream.pk, downstream.pk, str(edge.kind)] = (edge, downstream.dataset_id)
    touched, moved = _write_edges(origin, rows)
    loaded = _load_columns(edges, columns, names)
    stated = {each.column.pk: each for each in [*loaded, *known]}
    derived = _write_derivations(origin, stated)
    return Replaced(len(rows), touched | derived, missing, moved or bool(derived))


def _declare_parts(refs: Iterable[ColumnRef], columns: dict[ColumnRef, Column], names: Names) -> None:
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


def _load_columns(edges: Sequence[Edge], columns: dict[ColumnRef, Column], names: Names) -> list[Known]:
    loaded = {columns[e.downstream].dataset_id for e in edges if e.evidence.kind == "load" and e.downstream in columns}
    return [
        Known(column, Derivation.How.GENERATED)
        for dataset in sorted(loaded)
        for column in names.columns(dataset).values()
        if column.name.upper() in LOAD_COLUMNS
    ]


def _write_edges(origin: str, rows: dict[tuple[int, int, str], tuple[Edge, int]]) -> tuple[set[int], bool]:
    """Writes only the difference. Returns the datasets whose upstream changed, and whether any did."""
    held = {
        (edge.upstream_id, edge.downstream_id, edge.kind): edge
        for edge in LineageEdge.objects.filter(origin=origin).select_related("downstream")
    }
    stale = {key for key, row in held.items() if key not in rows or row.transform != rows[key][0].transform}
    new = {key: row for key, row in rows.items() if key not in held or key in stale}
    touched = {held[key].downstream.dataset_id for key in stale} | {dataset for _, dataset in new.values()}
    LineageEdge.objects.filter(pk__in=[held[key].pk for key in stale]).delete()
    LineageEdge.objects.bulk_create([_edge_row(origin, key, edge) for key, (edge, _) in new.items()], batch_size=BATCH)
    return touched, bool(stale or new)


def _edge_row(origin: str, key: tuple[int, int, str], edge: Edge) -> LineageEdge:
    return LineageEdge(
        upstream_id=key[0],
        downstream_id=key[1],
        kind=key[2],
        origin=origin,
        transform=edge.transform,
        evidence_kind=edge.evidence.kind,
        evidence_ref=edge.evidence.ref[:500],
        evidence_detail=edge.evidence.detail[:2000],
    )


def _write_derivations(origin: str, stated: dict[int, Known]) -> set[int]:
    held = {row.column_id: row for row in Derivation.objects.filter(origin=origin).select_related("column")}
    same = {
        pk for pk, row in held.items() if pk in stated and (stated[pk].how, stated[pk].detail) == (row.how, row.detail)
    }
    Derivation.objects.filter(pk__in=[row.pk for pk, row in held.items() if pk not in same]).delete()
    new = [each for pk, each in stated.items() if pk not in same]
    Derivation.objects.bulk_create(
        [Derivation(column=each.column, origin=origin, how=each.how, detail=each.detail[:500]) for each in new]
    )
    gone = {row.column.dataset_id for pk, row in held.items() if pk not in same}
    return gone | {each.column.dataset_id for each in new}
