"""What crosses the border of models: states, verdicts, and what a serving process is told."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class VersionState(StrEnum):
    """A version is intended before MLflow is told of it, and registered when MLflow gave it its number."""

    INTENDED = "intended"
    REGISTERED = "registered"
    FAILED = "failed"


class PromotionState(StrEnum):
    """The ledger's words. Served is the newest entry that is `applied`; one that was rolled back no longer counts."""

    REQUESTED = "requested"
    WITHDRAWN = "withdrawn"
    REFUSED = "refused"
    APPROVED = "approved"  # the intent; the alias in MLflow follows
    APPLIED = "applied"
    FAILED = "failed"  # approved, but MLflow knows the version no more
    ROLLED_BACK = "rolled_back"


OPEN_STATES = (PromotionState.REQUESTED, PromotionState.APPROVED)


class GateName(StrEnum):
    BETTER = "better"
    SIGNATURE = "signature"
    DRIFT = "drift"
    SNAPSHOT = "snapshot"


GATE_TITLES = {
    GateName.BETTER: "Better beyond chance",
    GateName.SIGNATURE: "Takes what is sent today",
    GateName.DRIFT: "Its inputs are still the same",
    GateName.SNAPSHOT: "Trained on what it says",
}


class Verdict(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"  # could not be found out: counts as not passed, and says why


class AliasState(StrEnum):
    """How the alias `champion` in MLflow stands to the ledger, as last seen."""

    NONE = "none"  # nothing was promoted, and no alias is set
    MIRRORED = "mirrored"
    PENDING = "pending"  # the ledger moved, MLflow was not told yet
    MOVED = "moved"  # somebody moved it outside the portal
    UNREACHABLE = "unreachable"


@dataclass(frozen=True)
class Serving:
    """What a serving process may load: the ledger's champion, never what the alias says.

    `artifact_uri` is where MLflow keeps the model's files (`mlflow-artifacts:/...`); their fingerprint
    (`fingerprints.of_folder`) must be `artifact_sha256` before anything of them is unpickled. `inputs` are the
    signature's, name -> MLflow type, in the order the model takes them.
    """

    model: str
    version_id: int  # key of the portal's ModelVersion
    version: int  # MLflow's number
    mlflow_run_id: str
    mlflow_model_id: str
    artifact_uri: str
    artifact_sha256: str
    inputs: Mapping[str, str]
    threshold: float  # scores from here on are flagged; chosen on the training part
    snapshot_id: int
    promotion_id: int
    since: datetime
    approved_by: str


@dataclass(frozen=True)
class NotServing:
    """Why nothing serves; `code` is for machines: "unknown_model", "not_trainable", "not_promoted"."""

    model: str
    code: str
    reason: str


@dataclass(frozen=True)
class GateResult:
    name: GateName
    verdict: Verdict
    sentence: str
    figures: Mapping[str, object]
