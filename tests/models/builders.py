"""Models as trainings would have left them, without training and without MLflow."""

from datetime import datetime
from typing import Any

from django.utils import timezone

from apps.models import promotions, selectors, services
from apps.models.gates import next_round
from apps.models.models import ModelVersion, Promotion, RegisteredModel
from apps.models.types import GateName, GateResult, Verdict
from estate.training.fraud_model import FRAUD_MODEL
from portal.accounts.models import User
from portal.audit.types import Actor
from tests.people import HOUSE

PRINT = "ab" * 32
SIGNATURE = {
    "inputs": [{"name": name, "type": "double"} for name in FRAUD_MODEL.inputs],
    "outputs": [{"type": "tensor"}],
}
METRICS = {
    "pr_auc": 0.71,
    "roc_auc": 0.95,
    "precision_at_k": 0.6,
    "precision": 0.8,
    "recall": 0.7,
    "brier": 0.01,
    "base_rate": 0.013,
    "rows": 5000,
    "positives": 65,
    "calibration": [{"said": 0.001, "came": 0.0, "rows": 500}],
}


def model() -> RegisteredModel:
    return services.registered_model(training=FRAUD_MODEL, pipeline="fraud_model")


def version(number: int = 1, *, signature: dict[str, Any] | None = None, fingerprint: str = PRINT) -> ModelVersion:
    label = f"fraud_model/run-{number}"
    snapshot = services.write_snapshot(
        actor=HOUSE,
        model=model(),
        label=label,
        fields={
            "run_id": number,
            "path": f"{label}.parquet",
            "datasets": [["warehouse", *FRAUD_MODEL.path]],
            "columns": [{"name": name, "role": "input", "what": what} for name, what in FRAUD_MODEL.inputs.items()],
            "rows": 20_000,
            "positives": 260,
            "bytes": 1000,
            "fingerprint": fingerprint,
        },
    )
    intended = services.intend_version(
        actor=HOUSE,
        snapshot=snapshot,
        label=label,
        run_id=number,
        trained={"params": {"max_iter": 120}, "metrics": METRICS, "threshold": 0.31},
        trained_by="mila",
    )
    told = {
        "number": number,
        "mlflow_run_id": "f" * 32,
        "mlflow_model_id": "m-1",
        "artifact_uri": "mlflow-artifacts:/1/models/m-1/artifacts",
        "artifact_sha256": "cd" * 32,
        "signature": SIGNATURE if signature is None else signature,
    }
    return services.write_registered(actor=HOUSE, version=intended, registered=told)


def requested(by: User, made: ModelVersion) -> Promotion:
    return promotions.request(actor=Actor.of(by), person=by, version=made, reason="better")


def checked(entry: Promotion, *, at: datetime | None = None, **verdicts: Verdict) -> Promotion:
    """Writes a round of gates, all passed but for those named."""
    now = selectors.champion(entry.model)
    results = [
        GateResult(name, verdicts.get(name.value, Verdict.PASSED), f"{name} says so.", {"low": 0.1})
        for name in GateName
    ]
    promotions.write_gates(
        actor=HOUSE, entry=entry, results=results, against=now.version if now else None,
        round_=next_round(entry), run_id=1, fingerprint=entry.version.snapshot.fingerprint, at=at or timezone.now(),
    )  # fmt: skip
    return entry
