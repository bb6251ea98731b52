"""Writes of the registry: what trainings leave behind. The promotion ledger has its own (`promotions`)."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.models.definitions import Training
from apps.models.models import ModelVersion, RegisteredModel, Snapshot
from apps.models.types import VersionState
from portal.audit.actions import Action
from portal.audit.services import record
from portal.audit.types import Actor, Target


def model_target(model: RegisteredModel) -> Target:
    return Target("registeredmodel", str(model.pk), model.name)


def version_target(version: ModelVersion) -> Target:
    return Target("modelversion", str(version.pk), version.label)


def snapshot_target(snapshot: Snapshot) -> Target:
    return Target("snapshot", str(snapshot.pk), snapshot.label)


@transaction.atomic
def registered_model(*, training: Training, pipeline: str) -> RegisteredModel:
    """The model's row; made the first time it is trained, told anew what its definition says."""
    told = {
        "title": training.title,
        "description": training.description,
        "owner": training.owner,
        "pipeline": pipeline,
    }
    model, _ = RegisteredModel.objects.update_or_create(name=training.name, defaults=told)
    return model


@transaction.atomic
def write_snapshot(*, actor: Actor, model: RegisteredModel, label: str, fields: Mapping[str, Any]) -> Snapshot:
    """The row of a file that is on disk. A second attempt of the same run finds the first one's."""
    snapshot, new = Snapshot.objects.get_or_create(
        label=label, defaults={"model": model, "taken_at": timezone.now(), **fields}
    )
    if new:
        record(
            actor=actor,
            action=Action.SNAPSHOT_WRITTEN,
            target=snapshot_target(snapshot),
            detail={"rows": snapshot.rows, "positives": snapshot.positives, "fingerprint": snapshot.fingerprint},
        )
    return snapshot


@transaction.atomic
def note_not_trainable(*, actor: Actor, model: RegisteredModel, reason: str) -> None:
    RegisteredModel.objects.filter(pk=model.pk).update(untrainable=reason[:300], tried_at=timezone.now())
    record(actor=actor, action=Action.MODEL_NOT_TRAINABLE, target=model_target(model), detail={"reason": reason[:300]})


@transaction.atomic
def intend_version(
    *, actor: Actor, snapshot: Snapshot, label: str, run_id: int, trained: Mapping[str, Any], trained_by: str
) -> ModelVersion:
    """Before MLflow hears of it. `trained` holds params, metrics and threshold. The same label gives the same row."""
    version, new = ModelVersion.objects.get_or_create(
        label=label,
        defaults={
            "model": snapshot.model,
            "snapshot": snapshot,
            "run_id": run_id,
            "params": trained["params"],
            "metrics": trained["metrics"],
            "threshold": trained["threshold"],
            "trained_by": trained_by,
        },
    )
    if new:
        record(
            actor=actor,
            action=Action.VERSION_INTENDED,
            target=version_target(version),
            detail={"snapshot": snapshot.label, "fingerprint": snapshot.fingerprint},
        )
    return version


@transaction.atomic
def write_registered(*, actor: Actor, version: ModelVersion, registered: Mapping[str, Any]) -> ModelVersion:
    """What MLflow made of it. Does nothing when that is written down already."""
    fields = {
        "number": registered["number"],
        "mlflow_run_id": registered["mlflow_run_id"],
        "mlflow_model_id": registered["mlflow_model_id"],
        "artifact_uri": registered["artifact_uri"],
        "artifact_sha256": registered["artifact_sha256"],
        "signature": registered["signature"],
    }
    now = timezone.now()
    open_ = ModelVersion.objects.filter(pk=version.pk, state=VersionState.INTENDED)
    if open_.update(state=VersionState.REGISTERED, registered_at=now, **fields):
        RegisteredModel.objects.filter(pk=version.model_id).update(untrainable="", tried_at=now)
        record(
            actor=actor,
            action=Action.VERSION_REGISTERED,
            target=version_target(version),
            detail={name: fields[name] for name in ("number", "mlflow_run_id", "artifact_sha256")},
        )
    version.refresh_from_db()
    return version


@transaction.atomic
def note_rewritten(*, actor: Actor, snapshot: Snapshot, erased: int, fields: Mapping[str, Any]) -> None:
    """After rows of a person were taken out of the file. `fields` describe what is left."""
    record(
        actor=actor,
        action=Action.SNAPSHOT_REWRITTEN,
        target=snapshot_target(snapshot),
        detail={"erased": erased, "before": snapshot.fingerprint, "after": fields["fingerprint"]},
    )
    snapshot.erased_rows += erased
    snapshot.erased_at = timezone.now()
    for name, value in fields.items():
        setattr(snapshot, name, value)
    snapshot.save()
