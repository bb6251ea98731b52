"""Everything that changes the catalog. Each function is one transaction with its audit event inside."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from apps.catalog import checks, introspection, sync
from apps.catalog.categories import checked
from apps.catalog.edges import Known, replace_origin
from apps.catalog.inference import lock_graph, publish, settle
from apps.catalog.models import Column, Dataset, Source, SyncRun
from apps.catalog.naming import Names
from apps.catalog.types import (
    Certainty,
    CheckResult,
    ClassifyReport,
    ColumnRef,
    Edge,
    EdgesReport,
    SourceKind,
    SyncReport,
)
from portal.audit.actions import Action
from portal.audit.services import record
from portal.audit.types import Actor, Target
from portal.stores.types import DatasetInfo, StoreError

# What completes a bare name, after the database itself.
DEFAULT_NAMESPACE = {
    SourceKind.POSTGRES: ("public",),
    SourceKind.SNOWFLAKE: ("MARTS",),
    SourceKind.MONGO: (),
}


class UnknownSource(LookupError):
    """`settings.STORES` does not name it."""


class UnknownDataset(LookupError):
    """The catalog does not hold it; a sync may."""


def dataset_target(dataset: Dataset) -> Target:
    return Target("dataset", str(dataset.pk), f"{dataset.source.name}: {dataset.title}")


def sync_source(*, actor: Actor, source: str) -> SyncReport:
    """Looks at the store and writes down what is there. Raises UnknownSource, StoreError (kept as a failed run)."""
    if source not in settings.STORES:
        raise UnknownSource(f"{source!r} is not a source. Known: {', '.join(sorted(settings.STORES))}.")
    started = timezone.now()
    row = _source(source)
    try:
        infos = introspection.look(source)
    except StoreError as error:
        SyncRun.objects.create(
            source=row,
            started_at=started,
            finished_at=timezone.now(),
            actor_name=actor.name,
            error=error.public[:500],
        )
        raise
    return write_sync(actor=actor, source=row, infos=infos, started=started)


def _source(name: str) -> Source:
    kind = SourceKind(str(settings.STORES[name]["kind"]))
    row, _ = Source.objects.get_or_create(name=name, defaults={"kind": kind})
    return row


@transaction.atomic
def write_sync(*, actor: Actor, source: Source, infos: Sequence[DatasetInfo], started: datetime) -> SyncReport:
    """The half of a sync that writes, in one transaction. `infos` is everything the store holds now."""
    lock_graph()
    now = timezone.now()
    changes = sync.write(source, infos, now=now)
    source.synced_at = now
    if infos:
        source.default_path = [infos[0].path[0], *DEFAULT_NAMESPACE[SourceKind(source.kind)]]
    source.save(update_fields=["synced_at", "default_path"])
    settle(datasets=changes.datasets)
    source.refresh_from_db()
    report = SyncReport(
        source=source.name,
        datasets=len(infos),
        columns=sum(len(info.columns) for info in infos),
        added=changes.added,
        changed=changes.changed,
        retired=changes.retired,
        revision=source.revision,
    )
    counts = {name: value for name, value in vars(report).items() if isinstance(value, int)}
    SyncRun.objects.create(source=source, started_at=started, finished_at=now, actor_name=actor.name, counts=counts)
    record(
        actor=actor,
        action=Action.SOURCE_SYNCED,
        target=Target("source", str(source.pk), source.name),
        detail=counts,
    )
    return report


@transaction.atomic
def replace_edges(
    *, actor: Actor, origin: str, edges: Iterable[Edge], generated: Iterable[ColumnRef] = ()
) -> EdgesReport:
    """Makes `edges` all the edges of `origin`. `generated` are columns that the origin makes up by itself.

    An edge from a document's array or object to a VARIANT column also links every path inside it.
    """
    lock_graph()
    listed, made = list(edges), list(generated)
    refs = [ref for edge in listed for ref in (edge.upstream, edge.downstream)] + made
    names = Names(ref.source for ref in refs)
    known = [Known(column, "generated") for column in names.resolve(made).values()]
    replaced = replace_origin(origin=origin, edges=listed, known=known, names=names)
    if replaced.changed:
        mark_known(replaced.datasets)
        settle(datasets=replaced.datasets)
        record(
            actor=actor,
            action=Action.LINEAGE_REPLACED,
            target=Target("origin", origin, origin),
            detail={"edges": replaced.edges, "unmatched": len(replaced.unmatched)},
        )
    return EdgesReport(replaced.edges, replaced.unmatched)


def mark_known(datasets: Iterable[int]) -> None:
    """Lineage of a dataset that has some is known; what of it is not is said by its columns."""
    fed = Dataset.objects.filter(pk__in=list(datasets), lineage=Dataset.Lineage.UNKNOWN)
    fed.filter(columns__incoming__isnull=False).update(lineage=Dataset.Lineage.KNOWN)


@transaction.atomic
def classify(*, actor: Actor, items: Mapping[ColumnRef, str], evidence: str) -> ClassifyReport:
    """Confirms the category of each column; an empty one takes the confirmation back.

    Raises UnknownCategory. Columns that the catalog does not know are in the report: they keep nothing.
    """
    lock_graph()
    wanted = {ref: checked(category) if category else "" for ref, category in items.items()}
    names = Names(ref.source for ref in wanted)
    found = names.resolve(wanted)
    changed: dict[int, list[tuple[Column, str]]] = defaultdict(list)
    for ref, column in found.items():
        before = column.category
        if _confirm(column, wanted[ref], actor, evidence):
            changed[column.dataset_id].append((column, before))
    rows = [column for columns in changed.values() for column, _ in columns]
    Column.objects.bulk_update(rows, CLASSIFICATION, batch_size=2_000)
    if rows:
        settle(datasets=set(changed))
    for dataset in Dataset.objects.filter(pk__in=changed).select_related("source"):
        detail = {column.name: [before, column.category] for column, before in changed[dataset.pk]}
        record(
            actor=actor,
            action=Action.COLUMN_CLASSIFIED,
            target=dataset_target(dataset),
            detail={"evidence": evidence, "columns": detail},
        )
    return ClassifyReport(len(rows), tuple(ref for ref in wanted if ref not in found))


CLASSIFICATION = (
    "category",
    "certainty",
    "evidence",
    "carries",
    "inferred_from",
    "inferred_steps",
    "classified_by",
    "classified_at",
)


def _confirm(column: Column, category: str, actor: Actor, evidence: str) -> bool:
    certainty = Certainty.CONFIRMED if category else Certainty.NONE
    if (column.category, column.certainty, column.evidence) == (category, certainty, evidence[:500]):
        return False
    if not category and column.certainty != Certainty.CONFIRMED:
        return False
    column.category, column.certainty = category, certainty
    column.evidence = evidence[:500] if category else ""
    column.carries = [category] if category else []
    column.inferred_from, column.inferred_steps = None, 0
    column.classified_by = actor.name if category else ""
    column.classified_at = timezone.now() if category else None
    return True


@transaction.atomic
def set_owner(*, actor: Actor, source: str, path: tuple[str, ...], owner: str) -> Dataset:
    """Raises UnknownDataset."""
    dataset = find(source, path)
    if dataset.owner != owner:
        before, dataset.owner = dataset.owner, owner
        dataset.save(update_fields=["owner"])
        publish({dataset.pk})
        record(
            actor=actor,
            action=Action.OWNER_CHANGED,
            target=dataset_target(dataset),
            detail={"before": before, "after": owner},
        )
    return dataset


@transaction.atomic
def describe(
    *, actor: Actor, source: str, path: tuple[str, ...], description: str = "", columns: Mapping[str, str] | None = None
) -> Dataset:
    """Sets the description of the dataset (unless empty) and of the named columns. Raises UnknownDataset."""
    dataset = find(source, path)
    changed = ["description"] if description and description != dataset.description else []
    if changed:
        dataset.description = description
        dataset.save(update_fields=changed)
    texts = columns or {}
    rows = [c for c in dataset.columns.filter(name__in=texts, retired_at=None) if c.description != texts[c.name]]
    for column in rows:
        column.description = texts[column.name]
    Column.objects.bulk_update(rows, ["description"])
    if changed or rows:
        publish({dataset.pk})
        record(
            actor=actor,
            action=Action.DESCRIPTION_CHANGED,
            target=dataset_target(dataset),
            detail={"dataset": bool(changed), "columns": sorted(column.name for column in rows)},
        )
    return dataset


def find(source: str, path: tuple[str, ...]) -> Dataset:
    pk = Names([source]).dataset(source, path)
    if pk is None:
        raise UnknownDataset(f"The catalog holds no {source}: {'.'.join(path)}.")
    return Dataset.objects.select_related("source").get(pk=pk)


@transaction.atomic
def push_freshness(*, actor: Actor, source: str, path: tuple[str, ...], rows: int | None, loaded_at: datetime) -> None:
    """What the last load left: the dataset's rows in all, and when. Raises UnknownDataset."""
    dataset = find(source, path)
    Dataset.objects.filter(pk=dataset.pk).update(row_count=rows, loaded_at=loaded_at)
    record(
        actor=actor,
        action=Action.FRESHNESS_PUSHED,
        target=dataset_target(dataset),
        detail={"rows": rows, "loaded_at": loaded_at.isoformat()},
    )


@transaction.atomic
def push_checks(*, actor: Actor, results: Iterable[CheckResult]) -> int:
    """Keeps the latest answer of each check and every earlier one. Returns how many datasets were found."""
    listed = list(results)
    names = Names(result.source for result in listed)
    found = [(pk, r) for r in listed if (pk := names.dataset(r.source, r.path))]
    checks.write(found, now=timezone.now())
    for dataset in Dataset.objects.filter(pk__in={pk for pk, _ in found}).select_related("source"):
        mine = [result for pk, result in found if pk == dataset.pk]
        failed = sorted(result.name for result in mine if not result.passed)
        record(
            actor=actor,
            action=Action.CHECKS_PUSHED,
            target=dataset_target(dataset),
            detail={"checks": len(mine), "failed": failed},
        )
    return len({pk for pk, _ in found})
