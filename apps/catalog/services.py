"""Everything that changes the catalog. Each function is one transaction with its audit event inside."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from apps.catalog import checks as checking
from apps.catalog import dbt_import, introspection, sync, sync_runs
from apps.catalog import view_lineage as views
from apps.catalog.categories import checked
from apps.catalog.classification import confirm, is_new
from apps.catalog.dbt import exposures
from apps.catalog.dbt import findings as dbt_findings
from apps.catalog.dbt_artifacts import read_project
from apps.catalog.edges import replace_origins, stated_by_names
from apps.catalog.history import services as history
from apps.catalog.inference import lock_graph, publish, settle
from apps.catalog.models import Column, Dataset, Source
from apps.catalog.naming import Names
from apps.catalog.sync_changes import Changes
from apps.catalog.types import (
    CheckResult,
    ClassifyReport,
    ColumnRef,
    Edge,
    EdgesReport,
    ImportReport,
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
    SourceKind.MODELS: (),
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
        sync_runs.keep(row, actor=actor, started=started, error=error.public)
        raise
    return write_sync(actor=actor, source=row, infos=infos, started=started)


def _source(name: str) -> Source:
    kind = SourceKind(str(settings.STORES[name]["kind"]))
    row, _ = Source.objects.get_or_create(name=name, defaults={"kind": kind})
    return row


def sync_models(*, actor: Actor, source: str, infos: Sequence[DatasetInfo]) -> SyncReport:
    """Takes in every trained model there is: no store holds them, so whoever trains tells."""
    row, _ = Source.objects.get_or_create(name=source, defaults={"kind": SourceKind.MODELS})
    return write_sync(actor=actor, source=row, infos=infos, started=timezone.now())


@transaction.atomic
def write_sync(*, actor: Actor, source: Source, infos: Sequence[DatasetInfo], started: datetime) -> SyncReport:
    """The half of a sync that writes, in one transaction. `infos` is everything the store holds now.

    Syncs take turns. One that looked before the last that wrote writes nothing: what it saw is older.
    """
    lock_graph()
    now = timezone.now()
    source.refresh_from_db()
    target = Target("source", str(source.pk), source.name)
    if sync_runs.is_overtaken(source, started):
        sync_runs.keep(source, actor=actor, started=started, error=sync_runs.OVERTAKEN)
        record(actor=actor, action=Action.SOURCE_SYNCED, target=target, detail={"overtaken": True})
        return sync_runs.report(source, infos, Changes())
    changes = sync.write(source, infos, now=now)
    source.synced_at = now
    if infos:
        source.default_path = [infos[0].path[0], *DEFAULT_NAMESPACE[SourceKind(source.kind)]]
    source.save(update_fields=["synced_at", "default_path"])
    changes.datasets |= views.read_views(actor=actor, source=source)
    if changes.datasets:
        settle(datasets=changes.datasets)
        source.refresh_from_db()
    report = sync_runs.report(source, infos, changes)
    counts = {name: value for name, value in vars(report).items() if isinstance(value, int)}
    run = sync_runs.keep(source, actor=actor, started=started, counts=counts)
    history.keep(actor=actor, sync=run, at=now, changes=changes.log)
    record(actor=actor, action=Action.SOURCE_SYNCED, target=target, detail=counts)
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
    stated, unmatched = stated_by_names(listed, made, names)
    changed = replace_origins({origin: stated})
    if changed:
        mark_known(changed)
        settle(datasets=changed)
        record(
            actor=actor,
            action=Action.LINEAGE_REPLACED,
            target=Target("origin", origin, origin),
            detail={"edges": len(stated.links), "unmatched": len(unmatched)},
        )
    return EdgesReport(len(stated.links), unmatched)


def mark_known(datasets: Iterable[int]) -> None:
    """Lineage of a dataset that has some is known; what of it is not is said by its columns."""
    fed = Dataset.objects.filter(pk__in=list(datasets), lineage=Dataset.Lineage.UNKNOWN)
    fed.filter(columns__incoming__isnull=False).update(lineage=Dataset.Lineage.KNOWN)


def import_dbt(*, actor: Actor, target_dir: Path, source: str) -> ImportReport:
    """Takes in what dbt left in `target_dir` about relations of `source`, which a sync must have seen.

    A model that this invocation did not compile keeps its lineage, marked stale if the model changed since.
    Raises ArtifactError.
    """
    project = read_project(target_dir)
    names = Names([source])
    names.load_columns(names.ids(source))
    tracing = dbt_import.trace(project, source, names)  # before the transaction: many statements take their time
    with transaction.atomic():
        lock_graph()
        dbt_import.write(project, tracing, names)
        publish(dbt_import.write_sources(project, source, names))
        exposures.write(project, source, names)
        dbt_findings.tell(actor=actor, project=project, tracing=tracing, source=source, names=names)
        tests = dbt_import.checks_of(project, source)
        checking.write([(pk, t) for t in tests if (pk := names.dataset(source, t.path))], now=timezone.now())
        report = dbt_import.report(tracing, tests=len(tests))
        record(
            actor=actor,
            action=Action.DBT_IMPORTED,
            target=Target("source", source, source),
            detail={
                "project": project.name,
                "invocation": project.invocation,
                **{name: value for name, value in vars(report).items() if isinstance(value, int)},
            },
        )
    return report


@transaction.atomic
def classify(*, actor: Actor, items: Mapping[ColumnRef, str], evidence: str) -> ClassifyReport:
    """Confirms the category of each column; an empty one takes the confirmation back.

    Raises UnknownCategory. Columns that the catalog does not know are in the report: they keep nothing.
    """
    lock_graph()
    wanted = {ref: checked(category) if category else "" for ref, category in items.items()}
    found = Names(ref.source for ref in wanted).resolve(wanted)
    words = evidence[:500]
    news = [(column, wanted[ref]) for ref, column in found.items() if is_new(column, wanted[ref], words)]
    if news:
        confirm(news, actor=actor, evidence=words)
        settle(datasets={column.dataset_id for column, _ in news})
    changed: dict[int, dict[str, list[str]]] = defaultdict(dict)
    for column, category in news:
        changed[column.dataset_id][column.name] = [column.category, category]
    for dataset in Dataset.objects.filter(pk__in=changed).select_related("source"):
        record(
            actor=actor,
            action=Action.COLUMN_CLASSIFIED,
            target=dataset_target(dataset),
            detail={"evidence": words, "columns": changed[dataset.pk]},
        )
    return ClassifyReport(len(news), tuple(ref for ref in wanted if ref not in found))


@transaction.atomic
def set_owner(*, actor: Actor, source: str, path: tuple[str, ...], owner: str) -> Dataset:
    """Raises UnknownDataset."""
    dataset = find(source, path)
    if dataset.owner != owner:
        before, dataset.owner, dataset.owned_by = dataset.owner, owner, actor.name
        dataset.save(update_fields=["owner", "owned_by"])
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
    changed = bool(description) and description != dataset.description
    if changed:
        dataset.description, dataset.described_by = description, actor.name
        dataset.save(update_fields=["description", "described_by"])
    texts = columns or {}
    rows = [c for c in dataset.columns.filter(name__in=texts, retired_at=None) if c.description != texts[c.name]]
    for column in rows:
        column.description, column.described_by = texts[column.name], actor.name
    Column.objects.bulk_update(rows, ["description", "described_by"])
    if changed or rows:
        publish({dataset.pk})
        record(
            actor=actor,
            action=Action.DESCRIPTION_CHANGED,
            target=dataset_target(dataset),
            detail={"dataset": changed, "columns": sorted(column.name for column in rows)},
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
    checking.write(found, now=timezone.now())
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
