"""Versions that can be served: a tiny scikit-learn model as MLflow keeps them, its training rows, and the ledger."""

import shutil
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from django.conf import settings
from django.utils import timezone

from apps.models.fingerprints import of_folder
from apps.models.models import ModelVersion, Promotion, RegisteredModel, Snapshot
from apps.models.types import PromotionState, VersionState
from portal.accounts.models import User
from portal.accounts.services import create_service, create_token, grant_permission
from portal.accounts.types import Role
from tests.people import HOUSE, person

INPUTS = {"AMOUNT": "double", "HOUR": "long", "CHANNEL": "string"}
ROLES = {"CHARGE_ID": "key", "CUSTOMER_ID": "key", "AS_OF": "time", "IS_FRAUD": "label"}
NAME = "fraud_model"
ROWS = 400


def training_rows() -> dict[str, list[object]]:
    """Amounts from 10 to 4,000; fraud is what is over 3,000, and nothing else matters."""
    return {
        "CHARGE_ID": [f"ch_{n}" for n in range(ROWS)],
        "CUSTOMER_ID": [f"cus_{n % 40}" for n in range(ROWS)],
        "AS_OF": [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=n) for n in range(ROWS)],
        "AMOUNT": [float(10 * (n + 1)) for n in range(ROWS)],
        "HOUR": [n % 24 for n in range(ROWS)],
        "CHANNEL": ["web" if n % 4 else "app" for n in range(ROWS)],
        "IS_FRAUD": [int(n >= 300) for n in range(ROWS)],
    }


def artifact(folder: Path, *, sign: float = 1.0) -> Path:
    """The files of a fitted model, as MLflow keeps them."""
    import skops.io

    estimator, _ = fitted(sign=sign)
    folder.mkdir(parents=True)
    skops.io.dump(estimator, folder / "model.skops")
    flavour = {"pickled_model": "model.skops", "serialization_format": "skops", "code": None}
    (folder / "MLmodel").write_text(yaml.safe_dump({"flavors": {"sklearn": flavour}, "mlflow_version": "3.17.2"}))
    return folder


def fitted(*, sign: float = 1.0) -> tuple[Any, Any]:
    """A model that scores by the amount, and what it was fitted on: with `sign=-1`, small amounts are the suspicious
    ones."""
    import pandas as pd
    from sklearn.compose import make_column_transformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    rows = training_rows()
    features = pd.DataFrame({name: rows[name] for name in INPUTS}).astype({"CHANNEL": "object"})
    labels = [label if sign > 0 else 1 - int(str(label)) for label in rows["IS_FRAUD"]]
    columns = make_column_transformer(
        (StandardScaler(), ["AMOUNT", "HOUR"]), (OneHotEncoder(handle_unknown="ignore"), ["CHANNEL"])
    )
    return make_pipeline(columns, LogisticRegression()).fit(features, labels), features


def snapshot(model: RegisteredModel) -> Snapshot:
    relative = f"{model.name}/{Snapshot.objects.count()}.parquet"
    path = Path(settings.SNAPSHOT_DIR) / relative
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(training_rows()), path)
    return Snapshot.objects.create(
        model=model, label=f"{model.name}/{relative}", run_id=1, path=relative, taken_at=timezone.now(), rows=ROWS,
        fingerprint="0" * 64,
        columns=[{"name": name, "role": ROLES.get(name, "input"), "what": name} for name in training_rows()],
    )  # fmt: skip


def registered(name: str = NAME) -> RegisteredModel:
    found, _ = RegisteredModel.objects.get_or_create(name=name, defaults={"title": "Fraud model"})
    return found


def version(files: Path, *, number: int = 1, sha256: str = "") -> ModelVersion:
    model = registered()
    inputs = [{"name": name, "type": kind} for name, kind in INPUTS.items()]
    return ModelVersion.objects.create(
        model=model, snapshot=snapshot(model), label=f"v{number}", number=number, state=VersionState.REGISTERED,
        run_id=1, mlflow_run_id="a" * 32, artifact_uri=files.as_uri(), artifact_sha256=sha256 or of_folder(files),
        signature={"inputs": inputs, "outputs": []}, threshold=0.5, trained_by="tests",
    )  # fmt: skip


def promote(chosen: ModelVersion) -> Promotion:
    """An entry of the ledger as it stands at its end: asked for by one engineer, approved by another, applied."""
    now, decides = timezone.now(), person("max", Role.ENGINEER)
    entry = Promotion.objects.create(model=chosen.model, version=chosen, requested_by=person("mila", Role.ENGINEER))
    mine = Promotion.objects.filter(pk=entry.pk)
    mine.update(state=PromotionState.APPROVED, decided_by=decides, decided_at=now)
    mine.update(state=PromotionState.APPLIED, applied_at=now)
    return mine.get()


def service(name: str = "checkout", *, rights: Sequence[str] = ("ml.score",)) -> tuple[User, str]:
    """A service user and its token."""
    user = create_service(actor=HOUSE, username=name, full_name=f"The service {name}")
    for right in rights:
        grant_permission(actor=HOUSE, service=user, permission=right)
    return user, create_token(actor=HOUSE, user=user, name="tests")[1]


def forget_kept_files() -> None:
    """What a service keeps of the models it loaded, so that a test meets the files and not an earlier test's copy."""
    shutil.rmtree(Path(settings.HOME) / "scoring", ignore_errors=True)
