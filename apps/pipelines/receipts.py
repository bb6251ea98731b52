"""The portal's own account of loads. Every function writes inside `context.fenced()`: an attempt that no longer owns
its step writes nothing."""

from collections.abc import Sequence
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from apps.pipelines.definitions import Extract
from apps.pipelines.extraction.rejects import Rejects
from apps.pipelines.loading import Loaded
from apps.pipelines.models import Cursor, LoadReceipt, PipelineRun, Reject, StagedFile
from apps.pipelines.staging import Staged, clear, content_hash
from apps.pipelines.windows import Head, Position, Window, settle
from portal.audit.actions import Action
from portal.audit.services import record
from portal.audit.types import Actor, Target
from portal.runs.types import StepContext

Status = LoadReceipt.Status
LOADER = Actor.system("pipelines")
# Landing tables of attempts that died are looked for up to this number.
ATTEMPTS = 8


def target_of(receipt: LoadReceipt) -> Target:
    return Target("load", receipt.label, receipt.target)


def settled_position(run: PipelineRun, dataset: str) -> Position | None:
    cursor = Cursor.objects.filter(pipeline=run.pipeline_id, dataset=dataset).first()
    return Position(cursor.at, cursor.key) if cursor else None


def is_behind(run: PipelineRun, dataset: str, head: Head | None) -> bool:
    """Whether the source has a newer row than the run took."""
    receipt = run.receipts.filter(dataset=dataset).first()
    if head is None or receipt is None:
        return False
    window = window_of(receipt)
    return head.position != (window.upper if window else settled_position(run, dataset))


def open_window(
    context: StepContext,
    run: PipelineRun,
    extract: Extract,
    *,
    window: Window | None,
    head: Head | None,
    rejects: Rejects,
) -> LoadReceipt:
    """Fixes what this run takes of a dataset. The first attempt decides; any later one finds its row."""
    upper = window.upper if window else None
    lower = window.lower if window else None
    with context.fenced():
        receipt, new = LoadReceipt.objects.get_or_create(
            pipeline_run=run,
            dataset=extract.key,
            defaults={
                "step_key": f"load:{extract.key}",
                "target": ".".join(extract.target),
                "label": f"{run.pipeline.name}/{run.run_id}/{extract.key}",
                "status": Status.INTENDED if window else Status.EMPTY,
                "lower_at": lower.at if lower else None,
                "lower_key": lower.key if lower else "",
                "upper_at": upper.at if upper else None,
                "upper_key": upper.key if upper else "",
                "clock": head.clock if head else None,
                "window_at": timezone.now(),
            },
        )
        if new and rejects.total:
            write_rejects(receipt, rejects)
            receipt.save(update_fields=["rejected"])
    return receipt


def write_rejects(receipt: LoadReceipt, rejects: Rejects) -> None:
    """In the transaction of the receipt, which the caller saves: a retry says them again, not twice."""
    receipt.rejects.all().delete()
    Reject.objects.bulk_create(
        Reject(receipt=receipt, key=found.key, column=found.column, reason=found.reason) for found in rejects.listed
    )
    receipt.rejected = [
        {"column": column, "reason": reason, "count": count}
        for (column, reason), count in sorted(rejects.counts.items())
    ]


def window_of(receipt: LoadReceipt) -> Window | None:
    if receipt.upper_at is None:
        return None
    lower = Position(receipt.lower_at, receipt.lower_key) if receipt.lower_at else None
    return Window(lower, Position(receipt.upper_at, receipt.upper_key))


def stage_folder(receipt: LoadReceipt) -> Path:
    return Path(settings.STAGE_DIR) / str(receipt.pipeline_run.run_id) / receipt.dataset


def write_staged(
    context: StepContext, receipt: LoadReceipt, files: Sequence[Staged], *, columns: Sequence[str], rejects: Rejects
) -> LoadReceipt:
    base = Path(settings.STAGE_DIR)
    with context.fenced():
        receipt.staged.all().delete()
        StagedFile.objects.bulk_create(
            StagedFile(
                receipt=receipt,
                path=str(file.path.relative_to(base)),
                rows=file.rows,
                bytes=file.bytes,
                sha256=file.sha256,
            )
            for file in files
        )
        receipt.extracted_rows = sum(file.rows for file in files)
        receipt.bytes = sum(file.bytes for file in files)
        receipt.files = len(files)
        receipt.content_hash = content_hash(files)
        receipt.columns = list(columns)
        receipt.extracted_at = timezone.now()
        write_rejects(receipt, rejects)
        receipt.save()
    return receipt


def intend(context: StepContext, receipt: LoadReceipt) -> None:
    """The word that comes before the write in the warehouse."""
    with context.fenced():
        if receipt.intended_at:
            return
        receipt.intended_at = timezone.now()
        receipt.save(update_fields=["intended_at"])
        record(
            actor=LOADER,
            action=Action.LOAD_INTENDED,
            target=target_of(receipt),
            detail={"run": context.run_id, "rows": receipt.extracted_rows, "files": receipt.files},
        )


def write_loaded(
    context: StepContext, receipt: LoadReceipt, extract: Extract, loaded: Loaded, *, reconciled: bool
) -> None:
    """The word that comes after, and with it the cursor: both or neither."""
    with context.fenced():
        receipt.status = Status.LOADED
        receipt.loaded_rows = loaded.added
        receipt.known_rows = loaded.copied - loaded.added
        receipt.reconciled = reconciled
        receipt.loaded_at = timezone.now()
        receipt.save()
        move_cursor(receipt, extract)
        record(
            actor=LOADER,
            action=Action.LOAD_RECEIPTED,
            target=target_of(receipt),
            detail={
                "run": context.run_id,
                "copied": loaded.copied,
                "added": loaded.added,
                "hash": receipt.content_hash,
                "reconciled": reconciled,
            },
        )


def move_cursor(receipt: LoadReceipt, extract: Extract) -> None:
    """Forward only: a receipt that is reconciled late must not take back what a later run has settled."""
    if receipt.upper_at is None or receipt.clock is None:
        return
    head = Head(Position(receipt.upper_at, receipt.upper_key), receipt.clock)
    settled = settle(head=head, overlap_s=extract.overlap_s)
    run = receipt.pipeline_run
    cursor = Cursor.objects.select_for_update().filter(pipeline=run.pipeline_id, dataset=receipt.dataset).first()
    if cursor and settled.at < cursor.at:
        return
    Cursor.objects.update_or_create(
        pipeline_id=run.pipeline_id,
        dataset=receipt.dataset,
        defaults={"at": settled.at, "key": settled.key, "run_id": run.run_id, "columns": receipt.columns},
    )


def write_abandoned(context: StepContext, receipt: LoadReceipt) -> None:
    with context.fenced():
        receipt.status = Status.ABANDONED
        receipt.save(update_fields=["status"])
        record(
            actor=LOADER,
            action=Action.LOAD_ABANDONED,
            target=target_of(receipt),
            detail={"run": receipt.pipeline_run.run_id, "found_by_run": context.run_id},
        )


def open_intents(run: PipelineRun, dataset: str) -> list[LoadReceipt]:
    """What earlier runs meant to load and never said the end of."""
    earlier = LoadReceipt.objects.filter(
        pipeline_run__pipeline=run.pipeline_id,
        pipeline_run__lt=run.pk,
        dataset=dataset,
        status=Status.INTENDED,
    )
    return list(earlier.select_related("pipeline_run"))


def staged_paths(receipt: LoadReceipt) -> list[Path]:
    base = Path(settings.STAGE_DIR)
    return [base / path for path in receipt.staged.filter(removed_at=None).values_list("path", flat=True)]


def remove_staged(receipt: LoadReceipt) -> None:
    """After the receipt: until then the files are the only copy of the window. Doing it twice does no harm."""
    folder = stage_folder(receipt)
    clear(folder)
    if folder.parent.is_dir() and not any(folder.parent.iterdir()):
        folder.parent.rmdir()
    receipt.staged.filter(removed_at=None).update(removed_at=timezone.now())
