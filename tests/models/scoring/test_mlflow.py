"""Files that a real MLflow keeps: fetched by its interface, without its client, and the same to the byte."""

from pathlib import Path

import pytest

from apps.models import fingerprints, tracking
from apps.models.scoring import artifact
from apps.models.scoring.artifact import Unloadable
from apps.models.types import Serving
from tests.models import serving


def test_what_mlflow_was_given_is_what_is_served(
    mlflow: str, live_db: None, tmp_path: Path, settings, monkeypatch: pytest.MonkeyPatch
) -> None:  # type: ignore[no-untyped-def]
    settings.HOME = tmp_path / "home"
    saved = serving.artifact(tmp_path / "model")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", mlflow)
    snapshot = {"label": "s", "fingerprint": "0" * 64, "rows": 1, "datasets": [["warehouse", "A", "B", "C"]]}
    made = tracking.register(saved, tracking.Order("fetched", "fetched/run-1", {}, {}, snapshot))
    approved = told(made.artifact_uri, made.artifact_sha256)
    files = artifact.files_of(approved)
    assert {"MLmodel", "model.skops"} <= set(files)
    assert artifact.fingerprint(files) == made.artifact_sha256
    assert hasattr(artifact.estimator_of(files), "predict_proba")
    kept = tmp_path / "home" / "scoring" / made.artifact_sha256
    assert fingerprints.of_folder(kept) == made.artifact_sha256

    (kept / "model.skops").write_bytes(b"exchanged on this machine")
    assert artifact.files_of(approved)["model.skops"] == files["model.skops"]  # fetched anew
    with pytest.raises(Unloadable, match="fingerprint"):
        artifact.files_of(told(made.artifact_uri, "0" * 64))
    with pytest.raises(Unloadable, match=r"HTTP|fingerprint"):
        artifact.files_of(told("mlflow-artifacts:/nowhere/at/all", "1" * 64))


@pytest.mark.parametrize(
    "place", ["s3://bucket/model", "https://elsewhere.example/model", "file://host/model", "/model"]
)
def test_other_places_are_not_read(place: str) -> None:
    with pytest.raises(Unloadable, match="does not read"):
        artifact.files_of(told(place, "2" * 64))


def test_a_pickle_is_not_opened() -> None:
    flavour = b"flavors: {sklearn: {pickled_model: model.pkl, serialization_format: cloudpickle}}"
    with pytest.raises(Unloadable, match="only skops"):
        artifact.estimator_of({"MLmodel": flavour, "model.pkl": b"cos\nsystem\n(S'false'\ntR."})


def told(uri: str, sha256: str) -> Serving:
    from django.utils import timezone

    return Serving("fetched", 1, 1, "r", "m", uri, sha256, {"AMOUNT": "double"}, 0.5, 1, 1, timezone.now(), "max")
