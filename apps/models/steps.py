"""The step kinds of trainings and gates. Each may be killed anywhere and asked again: rows and files have names that
follow from the run, and MLflow is asked what it already has."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from django.utils import timezone

from apps.models import gates as gate
from apps.models import services, snapshots, stores, work
from apps.models.catalog import publish
from apps.models.definitions import Training, UnknownTraining, training_of
from apps.models.models import ModelVersion, Promotion, RegisteredModel, Snapshot
from apps.models.promotions import State, write_gates
from apps.models.selectors import champion
from apps.models.types import GateResult
from apps.pipelines import holds
from portal.audit.types import Actor
from portal.runs.models import Run
from portal.runs.types import Outcome, StepContext, StepFailed

TRAINER = Actor.system("training")
NOT_TRAINABLE = "not trainable"


def begin(context: StepContext) -> tuple[Training, RegisteredModel]:
    run = holds.keep(context.run_id)
    try:
        training = training_of(context.params["training"])
    except UnknownTraining as error:
        raise StepFailed(str(error)) from error
    return training, services.registered_model(training=training, pipeline=run.pipeline.name)


def label_of(model: RegisteredModel, run_id: int) -> str:
    return f"{model.name}/run-{run_id}"


def snapshot(context: StepContext) -> Outcome:
    """The features as they are now, with their labels, in one file that stays."""
    training, model = begin(context)
    label = label_of(model, context.run_id)
    known = Snapshot.objects.filter(label=label).first()
    if known is None:
        path = snapshots.path_of(f"{label}.parquet")
        written = snapshots.write(path, stores.rows(context, training), label=training.label)
        if written is None or not written.positives:
            path.unlink(missing_ok=True)
            return _not_trainable(context, model, "no labels")
        known = _write(context, training, model, label, written)
    return Outcome(
        f"{known.rows:,} rows, {known.positives:,} of them fraud",
        counts={"rows": known.rows, "positives": known.positives},
        output={"snapshot": known.pk},
    )


def _not_trainable(context: StepContext, model: RegisteredModel, reason: str) -> Outcome:
    with context.fenced():
        services.note_not_trainable(actor=TRAINER, model=model, reason=reason)
    return Outcome(f"{NOT_TRAINABLE}: {reason}", output={"untrainable": reason})


def _write(
    context: StepContext, training: Training, model: RegisteredModel, label: str, written: snapshots.Written
) -> Snapshot:
    fields = {
        "run_id": context.run_id,
        "path": f"{label}.parquet",
        "datasets": [[training.source, *training.path]],
        "columns": columns_of(training),
        **vars(written),
    }
    with context.fenced():
        return services.write_snapshot(actor=TRAINER, model=model, label=label, fields=fields)


def columns_of(training: Training) -> list[dict[str, str]]:
    return [
        *({"name": name, "role": "key", "what": what} for name, what in training.keys.items()),
        {"name": training.time, "role": "time", "what": "moment at which all of it was known"},
        *({"name": name, "role": "input", "what": what} for name, what in training.inputs.items()),
        {"name": training.label, "role": "label", "what": "1: fraud, 0: none"},
    ]


def untrainable(context: StepContext) -> str:
    """Why an earlier step found nothing to learn; the later ones then say so and end well."""
    return next((str(told["untrainable"]) for told in context.inputs.values() if told.get("untrainable")), "")


def passed_on(reason: str) -> Outcome:
    return Outcome(f"{NOT_TRAINABLE}: {reason}", output={"untrainable": reason})


def train(context: StepContext) -> Outcome:
    """Fits and measures in a process of its own; the model waits in the run's folder."""
    training, model = begin(context)
    if reason := untrainable(context):
        return passed_on(reason)
    source = Snapshot.objects.get(pk=context.inputs["snapshot"]["snapshot"])
    folder = work.folder_of(context.run_id) / f"model-{context.attempt}"
    order = {
        **reading(training, source),
        "params": dict(training.params),
        "fewest_positives": training.fewest_positives,
        "model": str(folder),
    }
    try:
        told = work.ask(context, "train", order)
    except work.NothingToLearn as error:
        return _not_trainable(context, model, str(error))
    figures = told["metrics"]
    summary = (
        f"PR-AUC {figures['pr_auc']:.3f} where {figures['base_rate']:.3f} is chance, ROC-AUC {figures['roc_auc']:.3f}"
    )
    return Outcome(
        summary,
        counts={"holdout rows": figures["rows"], "holdout positives": figures["positives"]},
        output={"snapshot": source.pk, "trained": dict(told), "model": folder.name},
    )


def reading(training: Training, source: Snapshot) -> dict[str, Any]:
    """How a child reads a snapshot."""
    inputs = [column["name"] for column in source.columns if column["role"] == "input"]
    return {
        "snapshot": str(snapshots.path_of(source.path)),
        "inputs": inputs,
        "time": training.time,
        "label": training.label,
    }


def register(context: StepContext) -> Outcome:
    """Intent, MLflow, outcome. A second attempt finds what the first left in MLflow: nothing is registered twice."""
    _, model = begin(context)
    if reason := untrainable(context):
        return passed_on(reason)
    before = context.inputs["train"]
    label = label_of(model, context.run_id)
    with context.fenced():
        version = services.intend_version(
            actor=TRAINER,
            snapshot=Snapshot.objects.get(pk=before["snapshot"]),
            label=label,
            run_id=context.run_id,
            trained=before["trained"],
            trained_by=Run.objects.get(pk=context.run_id).actor_name,
        )
    if version.number is None:
        folder = work.folder_of(context.run_id) / before["model"]
        told = work.ask(context, "register", {"model": str(folder), "version": order_of(version)})
        with context.fenced():
            version = services.write_registered(actor=TRAINER, version=version, registered=told)
    work.tidy(context.run_id)
    return Outcome(f"Version {version.number}", output={"version": version.pk})


def order_of(version: ModelVersion) -> dict[str, Any]:
    """What MLflow is told."""
    source = version.snapshot
    return {
        "name": version.model.name,
        "label": version.label,
        "params": {**version.params, "threshold": version.threshold},
        "metrics": {name: value for name, value in version.metrics.items() if isinstance(value, int | float)},
        "snapshot": {
            "label": source.label,
            "fingerprint": source.fingerprint,
            "rows": source.rows,
            "datasets": source.datasets,
        },
    }


def lineage(context: StepContext) -> Outcome:
    """The model becomes a dataset of the catalog, below the columns it was made from."""
    _, model = begin(context)
    if reason := untrainable(context):
        return passed_on(reason)
    version = ModelVersion.objects.select_related("model", "snapshot").get(pk=context.inputs["register"]["version"])
    edges = publish(actor=TRAINER, version=version)
    return Outcome(f"{edges} columns traced to {model.name}", counts={"edges": edges})


def gates(context: StepContext) -> Outcome:
    """Gathers the figures of one promotion and writes down what each gate says to them."""
    entry = Promotion.objects.select_related("model", "version__snapshot").get(pk=context.params["promotion"])
    if entry.state != State.REQUESTED:
        return Outcome("It was decided meanwhile")
    serves = champion(entry.model)
    against = serves.version if serves else None
    if snapshots.path_of(entry.version.snapshot.path).is_file():
        told = work.ask(context, "weigh", weighing(context, entry.version, against))
    else:
        told = {"compared": {"why": "the snapshot's file is gone"}, "drift": {}, "fingerprint": ""}
    results = results_of(entry.version, against, told)
    with context.fenced():
        write_gates(
            actor=TRAINER, entry=entry, results=results, against=against, round_=context.params["round"],
            run_id=context.run_id, fingerprint=told["fingerprint"], at=timezone.now(),
        )  # fmt: skip
    work.tidy(context.run_id)
    passed = sum(result.verdict == "passed" for result in results)
    return Outcome(f"{passed} of {len(results)} gates passed", counts={"passed": passed, "gates": len(results)})


def weighing(context: StepContext, version: ModelVersion, against: ModelVersion | None) -> dict[str, Any]:
    training = training_of(version.model.name)
    return {
        **reading(training, version.snapshot),
        "candidate": loading(version),
        "champion": loading(against) if against else None,
        "current": str(current(context, training) or ""),
    }


def loading(version: ModelVersion) -> dict[str, Any]:
    return {
        "number": version.number,
        "artifact_uri": version.artifact_uri,
        "artifact_sha256": version.artifact_sha256,
        "inputs": list(gate.types_of(version.signature)),
    }


def current(context: StepContext, training: Training) -> Path | None:
    """The rows of the last days, labelled or not, in the run's own folder."""
    newest = stores.newest(training)
    if newest is None:
        return None
    path = work.folder_of(context.run_id) / "current.parquet"
    since = newest - timedelta(days=training.recent_days)
    return snapshots.write_all(path, stores.rows(context, training, since=since))


def results_of(version: ModelVersion, against: ModelVersion | None, told: Any) -> list[GateResult]:
    limit = training_of(version.model.name).drift_limit
    return [
        gate.better(told["compared"], against),
        gate.signature(version.signature, against.signature if against else None),
        gate.drift(told["drift"], limit),
        gate.snapshot(version.snapshot.fingerprint, told["fingerprint"], version.snapshot.rows),
    ]
