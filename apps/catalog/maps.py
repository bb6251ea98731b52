"""Documents whose keys are data, in the catalog: what was once seen to be a map stays one, and names that hold a key
(from before, when keys became columns) go with their row. A retired row would keep the name."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from apps.catalog.findings.models import Finding
from apps.catalog.history.models import SchemaChange
from apps.catalog.models import Check, Column, Dataset, LineageEdge, Source
from apps.catalog.types import SourceKind
from portal.stores.names import ENTRY, described_in, told
from portal.stores.types import ColumnInfo, DatasetInfo


def declared(definition: str) -> frozenset[str]:
    """Paths that a collection's validator names, from its stored text."""
    try:
        body = json.loads(definition or "{}")
    except ValueError:
        return frozenset()
    return frozenset(described_in(body.get("$jsonSchema") or {}))


def remembered(source: Source, infos: Sequence[DatasetInfo]) -> Sequence[DatasetInfo]:
    """A sample that happened to meet no telling key must not show the others by name."""
    if source.kind != SourceKind.MONGO:
        return infos
    entries: dict[tuple[str, ...], dict[str, str]] = defaultdict(dict)
    rows = Column.objects.filter(dataset__source=source, name__regex=r"(^|\.)\*$")
    for path, name, kind in rows.values_list("dataset__path", "name", "type"):
        entries[tuple(path)][name] = kind
    return [_with_maps(info, entries[info.path]) if info.path in entries else info for info in infos]


def _with_maps(info: DatasetInfo, entries: Mapping[str, str]) -> DatasetInfo:
    names = {column.name for column in info.columns}
    # An object that no document has any more needs no map.
    back = {
        entry for entry in entries if entry not in names and entry.removesuffix(ENTRY).removesuffix(".") in {"", *names}
    }
    if not back:
        return info
    shown = told(names | back, declared(info.definition))
    kept = [column for column in info.columns if shown[column.name] == column.name]
    last = max((column.position for column in info.columns), default=0)
    added = [ColumnInfo(name, entries[name], position=last + n, presence=0.0) for n, name in enumerate(sorted(back), 1)]
    return replace(info, columns=(*kept, *added))


def forget(source: Source, infos: Sequence[DatasetInfo]) -> set[int]:
    """Deletes columns that are named by a key of a map, and the same paths inside VARIANT columns further down.
    Returns the datasets that lost any."""
    if source.kind != SourceKind.MONGO:
        return set()
    current = {info.path: frozenset(column.name for column in info.columns) for info in infos}
    gone: list[int] = []
    for dataset in Dataset.objects.filter(source=source).prefetch_related("columns"):
        seen = current.get(tuple(dataset.path), frozenset())
        stored = {column.name: column.pk for column in dataset.columns.all()}
        shown = told({*stored, *seen}, seen | declared(dataset.definition))
        gone += [pk for name, pk in stored.items() if name not in seen and shown[name] != name]
    return delete([*gone, *_copies(gone), *_by_looks()])


def _copies(columns: Iterable[int]) -> list[int]:
    """`DOC:seen.ana@x.org` in a warehouse, made from `seen.ana@x.org`, and what is made from it."""
    found: list[int] = []
    waiting = list(columns)
    while waiting:
        edges = LineageEdge.objects.filter(upstream__in=waiting, downstream__name__contains=":").exclude(
            downstream__in=found
        )
        rows = edges.values_list("downstream_id", "downstream__name", "upstream__name")
        waiting = list({pk for pk, name, above in rows if above.endswith(name.partition(":")[2])})
        found += waiting
    return found


def _by_looks() -> list[int]:
    """Paths inside VARIANT columns whose lineage is gone already. One that still has some is its upstream's to name."""
    parts: dict[tuple[int, str], dict[str, int]] = defaultdict(dict)
    rows = Column.objects.filter(name__contains=":").exclude(dataset__source__kind=SourceKind.MONGO)
    for pk, dataset, name in rows.values_list("pk", "dataset_id", "name"):
        holder, _, path = name.partition(":")
        parts[dataset, holder][path] = pk
    odd = [each[path] for each in parts.values() for path, shown in told(each).items() if shown != path]
    return list(Column.objects.filter(pk__in=odd, incoming=None).values_list("pk", flat=True))


def delete(columns: Iterable[int]) -> set[int]:
    """With everything that hangs on them or names them: edges, derivations, checks, findings and history."""
    rows = list(Column.objects.filter(pk__in=list(columns)).values_list("pk", "dataset_id", "name"))
    for _, dataset, name in rows:
        for model in (Check, Finding, SchemaChange):
            model._default_manager.filter(dataset_id=dataset, column=name).delete()
    Column.objects.filter(pk__in=[pk for pk, _, _ in rows]).delete()
    return {dataset for _, dataset, _ in rows}
