"""The step kinds of a pipeline. Each may be killed anywhere and asked again: it finds what is done, and goes on."""

from dataclasses import dataclass

from apps.pipelines import building, checking, findings, holds, loading, publishing, receipts
from apps.pipelines.definitions import Definition, Extract, UnknownPipeline, definition_of, extract_of
from apps.pipelines.drift import Drift
from apps.pipelines.extraction.forgetting import Forgetting, forgetting_of
from apps.pipelines.extraction.rejects import Rejects
from apps.pipelines.extraction.source import Source
from apps.pipelines.memory import give_back
from apps.pipelines.models import REASONS, Cursor, LoadReceipt, PipelineRun
from apps.pipelines.staging import stage
from apps.pipelines.stores import source_store, warehouse
from apps.pipelines.windows import window as window_after
from portal.runs.sentences import counted
from portal.runs.types import Outcome, StepContext, StepFailed

Status = LoadReceipt.Status


@dataclass(frozen=True)
class Work:
    run: PipelineRun
    definition: Definition


def begin(context: StepContext) -> Work:
    """Every step asks first whether its run still holds the pipeline."""
    run = holds.keep(context.run_id)
    try:
        return Work(run, definition_of(run.pipeline.name))
    except UnknownPipeline as error:
        raise StepFailed(str(error)) from error


def dataset_of(context: StepContext, work: Work) -> Extract:
    try:
        return extract_of(work.definition, context.params["dataset"])
    except UnknownPipeline as error:
        raise StepFailed(str(error)) from error


def extract(context: StepContext) -> Outcome:
    """Source -> Parquet on disk, for a window that the first attempt fixes."""
    work = begin(context)
    dataset = dataset_of(context, work)
    store = source_store(dataset.source)
    context.on_cancel(store.cancel)
    source = Source(store, dataset)
    _reconcile_earlier(context, work.run, dataset)
    receipt = work.run.receipts.filter(dataset=dataset.key).first() or _open(context, work.run, source)
    output = {"receipt": receipt.pk}
    if receipt.status != Status.INTENDED:
        return Outcome("Nothing new" if receipt.status == Status.EMPTY else "Loaded before", output=output)
    columns = _watch_columns(context, work.run, source)
    receipt, forgetting = _stage(context, receipt, source, columns)
    return Outcome(
        f"{counted(receipt.extracted_rows, 'row')} in {counted(receipt.files, 'file')}",
        counts={"rows": receipt.extracted_rows, "bytes": receipt.bytes, "files": receipt.files, **forgetting.counts},
        output=output,
    )


def _open(context: StepContext, run: PipelineRun, source: Source) -> LoadReceipt:
    head = source.head()
    window = window_after(settled=receipts.settled_position(run, source.extract.key), head=head)
    rejects = Rejects()
    if window is None:  # otherwise they are told with the rows
        source.left_out(rejects)
    return receipts.open_window(context, run, source.extract, window=window, head=head, rejects=rejects)


def _watch_columns(context: StepContext, run: PipelineRun, source: Source) -> dict[str, str]:
    dataset = source.extract
    found = source.columns()
    cursor = Cursor.objects.filter(pipeline=run.pipeline_id, dataset=dataset.key).first()
    drift = source.drift(found, cursor.columns if cursor else None)
    if drift.missing:
        raise StepFailed(
            f"{dataset.key} has no column {', '.join(drift.missing)} any more, which the pipeline loads. "
            "Bring it back, or take it out of the definition."
        )
    _tell_drift(context, run, dataset, drift)
    return found


def _tell_drift(context: StepContext, run: PipelineRun, dataset: Extract, drift: Drift) -> None:
    for name in drift.new:
        context.log(
            f"New column in {dataset.key}: {name}. It is not loaded until the definition names it.", level="warning"
        )
    if drift.left_out:
        context.log(f"Not extracted, as defined: {', '.join(drift.left_out)}.")
    findings.write_drift(context, run, dataset, drift.new)


def _stage(
    context: StepContext, receipt: LoadReceipt, source: Source, columns: dict[str, str]
) -> tuple[LoadReceipt, Forgetting]:
    window = receipts.window_of(receipt)
    assert window is not None  # only an empty receipt has none
    conform = source.conformer()
    forgetting = forgetting_of(source.extract, conform)

    def after_batch(rows: int) -> None:
        context.check()
        context.progress(rows)

    try:
        with source.parts(window, forgetting, columns) as parts:
            files = stage(receipts.stage_folder(receipt), parts, prefix=f"a{context.attempt}", after_batch=after_batch)
    except OSError as error:
        raise StepFailed(f"The stage folder cannot be written: {error.strerror}.", retryable=True) from error
    source.left_out(conform.rejects)
    for (name, reason), count in sorted(conform.rejects.counts.items()):
        context.log(f"{name}: {count:,} {REASONS[reason]}.", level="warning")
    if forgetting.dropped or forgetting.masked:
        context.log(f"People who were erased: {forgetting.dropped} rows left out, {forgetting.masked} masked.")
    written = receipts.write_staged(context, receipt, files, columns=list(columns), rejects=conform.rejects)
    return written, forgetting


def load(context: StepContext) -> Outcome:
    """Parquet -> RAW, once. What the warehouse already committed is taken as it is."""
    work = begin(context)
    dataset = dataset_of(context, work)
    receipt = work.run.receipts.get(dataset=dataset.key)
    if receipt.status == Status.INTENDED and receipt.extracted_rows:
        receipts.intend(context, receipt)
        try:
            _load(context, receipt, dataset)
        finally:
            give_back()
    elif receipt.status == Status.INTENDED:
        receipts.write_loaded(context, receipt, dataset, loading.Loaded(0, 0), reconciled=False)
    receipts.remove_staged(receipt)
    if receipt.status == Status.EMPTY:
        return Outcome("Nothing to load", counts={"rows": 0})
    known = (
        f", {receipt.known_rows:,} {'was' if receipt.known_rows == 1 else 'were'} known" if receipt.known_rows else ""
    )
    return Outcome(
        f"{counted(receipt.loaded_rows, 'new row')}{known}",
        counts={"rows": receipt.loaded_rows, "known": receipt.known_rows},
    )


def _load(context: StepContext, receipt: LoadReceipt, dataset: Extract) -> None:
    store = warehouse()
    context.on_cancel(store.cancel)
    loading.prepare(store, dataset)
    loading.drop_landings(store, dataset, context.run_id, context.attempt - 1)
    done = loading.receipt(store, dataset, receipt.label)
    if done is not None:
        context.log(f"The warehouse already has {receipt.label}: an earlier attempt loaded it and could not say so.")
        receipts.write_loaded(context, receipt, dataset, done, reconciled=True)
        return
    files = receipts.staged_paths(receipt)
    missing = [file.name for file in files if not file.is_file()]
    if missing or not files:
        raise StepFailed("Its staged files are gone. Start the pipeline again: the cursor has not moved.")
    batch = loading.Batch(receipt.label, context.run_id, context.attempt, receipt.window_at, receipt.lower_at)
    try:
        loaded = loading.load(store, dataset, batch, files)
    except loading.LoadLost:
        raise StepFailed("Another attempt loaded this window first.", retryable=True) from None
    receipts.write_loaded(context, receipt, dataset, loaded, reconciled=False)


def _reconcile_earlier(context: StepContext, run: PipelineRun, dataset: Extract) -> None:
    """Runs that were killed and never resumed: did the warehouse commit what they meant to load?"""
    earlier = receipts.open_intents(run, dataset.key)
    if not earlier:
        return
    store = warehouse()
    loading.prepare(store, dataset)
    for receipt in earlier:
        done = loading.receipt(store, dataset, receipt.label)
        if done is None:
            receipts.write_abandoned(context, receipt)
        else:
            receipts.write_loaded(context, receipt, dataset, done, reconciled=True)
        loading.drop_landings(store, dataset, receipt.pipeline_run.run_id, receipts.ATTEMPTS)
        receipts.remove_staged(receipt)
        context.log(f"Settled what run {receipt.pipeline_run.run_id} left open: {receipt.status}.")


def transform(context: StepContext) -> Outcome:
    work = begin(context)
    return building.build(context, work.run, work.definition.transforms[context.params["transform"]])


def check(context: StepContext) -> Outcome:
    work = begin(context)
    return checking.check(context, work.run, work.definition)


def publish(context: StepContext) -> Outcome:
    work = begin(context)
    return publishing.publish(context, work.run, work.definition)
