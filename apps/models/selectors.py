"""Reads of the registry. What is for people is cut down to what they may see; `serving` is for machines."""

from apps.models.models import Gate, ModelVersion, Promotion, RegisteredModel
from apps.models.types import NotServing, PromotionState, Serving, VersionState


def champion(model: RegisteredModel) -> Promotion | None:
    """The ledger entry that serves: the newest that is applied."""
    return (
        Promotion.objects.filter(model=model, state=PromotionState.APPLIED)
        .select_related("version__model", "version__snapshot", "decided_by", "requested_by")
        .order_by("-id")
        .first()
    )


def serving(name: str) -> Serving | NotServing:
    """What the ledger approved for this model. Asked again every few seconds: two queries, no network."""
    model = RegisteredModel.objects.filter(name=name).first()
    if model is None:
        return NotServing(name, "unknown_model", f"No model {name} was ever trained.")
    entry = champion(model)
    if entry is not None:
        return _told(entry)
    if model.untrainable:
        return NotServing(name, "not_trainable", f"not trainable: {model.untrainable}")
    return NotServing(name, "not_promoted", f"No version of {name} is approved to serve.")


def _told(entry: Promotion) -> Serving:
    version = entry.version
    assert version.number is not None
    assert entry.applied_at is not None
    assert entry.decided_by is not None
    return Serving(
        model=version.model.name,
        version_id=version.pk,
        version=version.number,
        mlflow_run_id=version.mlflow_run_id,
        mlflow_model_id=version.mlflow_model_id,
        artifact_uri=version.artifact_uri,
        artifact_sha256=version.artifact_sha256,
        inputs={column["name"]: column["type"] for column in version.signature["inputs"]},
        threshold=version.threshold,
        snapshot_id=version.snapshot_id,
        promotion_id=entry.pk,
        since=entry.applied_at,
        approved_by=entry.decided_by.label,
    )


def latest_gates(entry: Promotion) -> list[Gate]:
    """The answers of the newest round; none while the first is being gathered."""
    gates = list(Gate.objects.filter(promotion=entry).select_related("against").order_by("-round", "id"))
    return [gate for gate in gates if gate.round == gates[0].round]


def newest_versions() -> list[ModelVersion]:
    """The newest registered version of every model, with a signature."""
    rows = ModelVersion.objects.filter(state=VersionState.REGISTERED).exclude(signature={})
    return list(rows.select_related("model", "snapshot").order_by("model_id", "-number").distinct("model_id"))
