"""MLflow, for processes of their own: nothing else imports it, and neither web nor worker imports this at their start.

What talks to the server reads its address from MLFLOW_TRACKING_URI. Every call may be made again: what an earlier one
left is found by the tag `portico.label`.
"""

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from apps.models.fingerprints import of_folder

LABEL = "portico.label"
SOURCE = "portico"
# As skops, not as a pickle, whose loading runs whatever is in it. Its trees are indexed without a check of their
# bounds, so they load only where they are named: whoever loads has compared the fingerprint of the files before.
HOW: Mapping[str, Any] = {
    "pyfunc_predict_fn": "predict_proba",
    "serialization_format": "skops",
    "skops_trusted_types": ["sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor"],
}


class TrackingDown(Exception):
    """MLflow does not answer, or not as it should; trying again may help."""


@dataclass(frozen=True)
class Order:
    """What is told of a version. `snapshot` holds label, fingerprint, rows and datasets."""

    name: str
    label: str
    params: Mapping[str, Any]
    metrics: Mapping[str, float]
    snapshot: Mapping[str, Any]


@dataclass(frozen=True)
class Registered:
    """What MLflow made of a version."""

    number: int
    mlflow_run_id: str
    mlflow_model_id: str
    artifact_uri: str
    artifact_sha256: str
    signature: Mapping[str, Any]
    found: bool  # an earlier call had registered it


def save(model: Any, folder: Path, *, sample: Any) -> None:
    """Writes the model with the signature of its inputs, to `folder`, which must not exist."""
    import mlflow.sklearn
    from mlflow.models import infer_signature

    signature = infer_signature(sample, model.predict_proba(sample))
    mlflow.sklearn.save_model(model, folder, signature=signature, pip_requirements=requirements(), **HOW)


def requirements() -> list[str]:
    """Named, because finding them out would import everything once more."""
    return [f"{name}=={version(name)}" for name in ("mlflow", "numpy", "pandas", "scikit-learn", "skops")]


def load(folder: Path) -> Any:
    """Only of a folder whose fingerprint was compared."""
    import mlflow.sklearn

    return mlflow.sklearn.load_model(str(folder))


def signature_of(folder: Path) -> dict[str, Any]:
    """{"inputs": [...], "outputs": [...]}, or nothing when the model was saved without."""
    from mlflow.models import Model

    signature = Model.load(str(folder)).signature
    if signature is None or signature.inputs is None:
        return {}
    told = signature.to_dict()
    return {name: json.loads(told[name]) for name in ("inputs", "outputs") if told.get(name)}


def download(artifact_uri: str, folder: Path) -> Path:
    """Raises TrackingDown."""
    import mlflow.artifacts
    from mlflow.exceptions import MlflowException

    try:
        return Path(mlflow.artifacts.download_artifacts(artifact_uri=artifact_uri, dst_path=str(folder)))
    except (MlflowException, OSError) as error:
        raise TrackingDown(f"MLflow did not give the files of the model ({type(error).__name__}).") from error


def register(folder: Path, order: Order) -> Registered:
    """Logs the saved model with its parameters, metrics and training data, and makes a version of it.

    Raises TrackingDown.
    """
    from mlflow.exceptions import MlflowException

    try:
        return _register(folder, order)
    except (MlflowException, OSError) as error:
        raise TrackingDown(f"MLflow did not take the version ({type(error).__name__}).") from error


def _register(folder: Path, order: Order) -> Registered:
    from mlflow import MlflowClient

    client = MlflowClient()
    run_id = _run(client, order)
    model_id, uri = _model(client, run_id, folder)
    made, found = _version(client, order, run_id, model_id)
    with tempfile.TemporaryDirectory() as place:
        back = download(uri, Path(place))
        digest, signature = of_folder(back), signature_of(back)
    return Registered(int(made.version), run_id, model_id, uri, digest, signature, found)


def _run(client: Any, order: Order) -> str:
    """MLflow's run of this training, with all that belongs to it."""
    experiment = client.get_experiment_by_name(order.name)
    experiment_id = experiment.experiment_id if experiment else client.create_experiment(order.name)
    earlier = client.search_runs([experiment_id], filter_string=f"tags.`{LABEL}` = '{order.label}'", max_results=1)
    run = earlier[0] if earlier else client.create_run(experiment_id, run_name=order.label, tags={LABEL: order.label})
    run_id: str = run.info.run_id
    for key, value in order.params.items():
        if key not in run.data.params:
            client.log_param(run_id, key, value)
    for key, number in order.metrics.items():
        if key not in run.data.metrics:
            client.log_metric(run_id, key, number)
    if not run.inputs or not run.inputs.dataset_inputs:
        client.log_inputs(run_id, [_dataset(order.snapshot)])
    return run_id


def _dataset(snapshot: Mapping[str, Any]) -> Any:
    from mlflow.entities import Dataset, DatasetInput, InputTag

    dataset = Dataset(
        name=snapshot["label"],
        digest=snapshot["fingerprint"][:36],  # MLflow keeps no more; the whole is in the profile
        source_type=SOURCE,
        source=json.dumps({"snapshot": snapshot["label"], "datasets": snapshot["datasets"]}),
        profile=json.dumps({"rows": snapshot["rows"], "sha256": snapshot["fingerprint"]}),
    )
    return DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])


def _model(client: Any, run_id: str, folder: Path) -> tuple[str, str]:
    """The logged model of the run: the one an earlier call finished, or a new one."""
    import mlflow
    import mlflow.sklearn
    from mlflow.models import Model

    run = client.get_run(run_id)
    logged = client.search_logged_models([run.info.experiment_id], filter_string=f"source_run_id = '{run_id}'")
    ready = [model for model in logged if str(model.status) == "READY"]
    if ready:
        return ready[0].model_id, ready[0].artifact_location
    saved = Model.load(str(folder))
    with mlflow.start_run(run_id=run_id):
        info = mlflow.sklearn.log_model(
            load(folder), name="model", signature=saved.signature, pip_requirements=requirements(), **HOW
        )
    return info.model_id, client.get_logged_model(info.model_id).artifact_location


def _version(client: Any, order: Order, run_id: str, model_id: str) -> tuple[Any, bool]:
    from mlflow.exceptions import MlflowException

    try:
        client.create_registered_model(order.name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    found = [v for v in client.search_model_versions(f"name = '{order.name}'") if v.run_id == run_id]
    if found:
        return found[0], True
    tags = {LABEL: order.label}
    return client.create_model_version(order.name, f"models:/{model_id}", run_id, tags=tags, model_id=model_id), False
