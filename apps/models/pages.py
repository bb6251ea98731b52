"""What the pages of models show, worked out once for page and API."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from apps.models import served
from apps.models.gates import check_of
from apps.models.models import Gate, ModelVersion, Promotion, RegisteredModel
from apps.models.observed import DRIFTED, TOO_FEW, DriftReport
from apps.models.promotions import stale
from apps.models.selectors import before_champion, champion, entries, latest_gates, versions_of
from apps.models.types import OPEN_STATES, AliasState, PromotionState, Verdict
from portal.notices.models import Notice
from portal.runs.flows import ACTIVE

COMPARED = 5
# name in a version's metrics -> what people call it, and whether more is better
METRICS = {
    "pr_auc": "PR-AUC",
    "roc_auc": "ROC-AUC",
    "precision_at_k": "Precision at k (k: frauds)",
    "precision": "Precision at the threshold",
    "recall": "Recall at the threshold",
    "brier": "Brier score (less is better)",
    "base_rate": "Base rate",
}
STATES = {
    PromotionState.REQUESTED: "waiting",
    PromotionState.WITHDRAWN: "cancelled",
    PromotionState.REFUSED: "refused",
    PromotionState.APPROVED: "running",
    PromotionState.APPLIED: "done",
    PromotionState.FAILED: "failed",
    PromotionState.ROLLED_BACK: "cancelled",
}
VERDICTS = {Verdict.PASSED: "passed", Verdict.FAILED: "failed", Verdict.UNKNOWN: "waiting"}


# Name among a gate's figures -> what people call it. What is not named here is for whoever computes it again.
EVIDENCE = {
    "why": "Not compared, because",
    "ours": "PR-AUC of this version",
    "theirs": "PR-AUC it is compared with",
    "difference": "Difference",
    "low": "Difference, at least (95 %)",
    "high": "Difference, at most (95 %)",
    "rows": "Rows",
    "resamples": "Resamples",
    "inputs": "Inputs",
    "new": "Not sent today",
    "other_type": "Of another type",
    "no_longer": "No longer needed",
    "limit": "PSI limit",
    "expected": "Registered fingerprint",
    "found": "Fingerprint found",
}


@dataclass(frozen=True)
class Line:
    """A model as the list shows it."""

    model: RegisteredModel
    serves: Promotion | None
    newest: ModelVersion | None
    open: Promotion | None

    served: tuple[str, str] = ("up", "")  # what the scoring processes say to what the ledger approved
    drifted: bool = False  # at the last comparison

    @property
    def health(self) -> tuple[str, str]:
        """(state, why), in the words that all states share."""
        moved = "alias moved outside the portal" if self.model.alias_state == AliasState.MOVED else ""
        if self.serves:
            return self._serving(self.serves, moved)
        if moved:
            return "waiting", f"no version is promoted; {moved}"
        if self.model.untrainable:
            return "skipped", f"not trainable: {self.model.untrainable}"
        return "waiting", "no version is promoted"

    def _serving(self, serves: Promotion, moved: str) -> tuple[str, str]:
        state, why = self.served
        pending = "the alias follows" if self.model.alias_state == AliasState.PENDING else ""
        drifted = "its inputs drifted from the training rows" if self.drifted else ""
        more = [each for each in (drifted, moved or pending) if each]
        if state == "up" and (drifted or moved):
            state, why = "drifted" if drifted else "alert", f"serves version {serves.version.number}"
        return state, "; ".join(each for each in (why, *more) if each)

    @property
    def differs(self) -> str:
        """Why what the ledger approved is not what scores; empty when it is."""
        return self.served[1] if self.serves else ""


@dataclass(frozen=True)
class Row:
    title: str
    cells: tuple[Any, ...]


@dataclass(frozen=True)
class GateLine:
    gate: Gate
    state: str
    title: str
    inputs: tuple[dict[str, Any], ...]
    facts: tuple[tuple[str, str], ...] = ()


def lines(models: QuerySet[RegisteredModel]) -> list[Line]:
    return [line_of(model) for model in models]


def line_of(model: RegisteredModel) -> Line:
    serves = champion(model)
    last = DriftReport.objects.filter(model=model).exclude(state=TOO_FEW).order_by("-at", "-id").first()
    return Line(
        model=model,
        serves=serves,
        served=served.health(serves, alert_of(model)) if serves else ("", ""),
        drifted=bool(serves and last and last.state == DRIFTED and last.version_id == serves.version_id),
        newest=versions_of(model).first(),
        open=entries(model.promotions.filter(state__in=OPEN_STATES)).first(),
    )


def alert_of(model: RegisteredModel) -> str:
    notice = Notice.objects.filter(kind=served.NOTICE, subject_id=model.name, resolved_at=None).first()
    return notice.title if notice else ""


def model_context(model: RegisteredModel) -> dict[str, Any]:
    versions = list(versions_of(model))
    line = line_of(model)
    return {
        "model": model,
        "line": line,
        "serves": line.serves,
        "before": before_champion(model),
        "versions": versions,
        "compared": compared(versions, line.serves),
        "rows": comparison(compared(versions, line.serves)),
        "history": [(entry, STATES[PromotionState(entry.state)]) for entry in entries(model.promotions.all())],
        "alias_moved": model.alias_state == AliasState.MOVED,
    }


def compared(versions: Sequence[ModelVersion], serves: Promotion | None) -> list[ModelVersion]:
    """The newest few, and who serves among them whatever its age."""
    shown = [version for version in versions if version.number][:COMPARED]
    if serves and serves.version_id not in {version.pk for version in shown}:
        shown = [*shown[: COMPARED - 1], serves.version]
    return shown


def comparison(versions: Sequence[ModelVersion]) -> list[Row]:
    return [
        Row(title, tuple(version.metrics.get(name) for version in versions))
        for name, title in METRICS.items()
        if any(name in version.metrics for version in versions)
    ]


def promotion_context(entry: Promotion) -> dict[str, Any]:
    gates = latest_gates(entry)
    serves = champion(entry.model)
    check = check_of(entry) if entry.state == PromotionState.REQUESTED else None
    return {
        "entry": entry,
        "state": STATES[PromotionState(entry.state)],
        "gates": [gate_line(gate) for gate in gates],
        "all_passed": bool(gates) and all(gate.verdict == Verdict.PASSED for gate in gates),
        "stale": stale(entry, gates) if gates and entry.state == PromotionState.REQUESTED else "",
        "serves": serves,
        "is_open": entry.state == PromotionState.REQUESTED,
        "check": check,
        "checking": bool(check and check.state in ACTIVE),
    }


def gate_line(gate: Gate) -> GateLine:
    columns = gate.figures.get("columns", {})
    inputs = ({"name": name, **figures} for name, figures in columns.items())
    return GateLine(
        gate=gate,
        state=VERDICTS[Verdict(gate.verdict)],
        title=gate.get_name_display(),
        inputs=tuple(sorted(inputs, key=lambda each: -each["psi"])),
        facts=tuple((title, in_words(gate.figures[name])) for name, title in EVIDENCE.items() if name in gate.figures),
    )


def in_words(value: Any) -> str:
    """A figure of a gate for people: three digits of a fraction, names of a list, types of inputs."""
    match value:
        case float():
            return f"{value:.3g}"
        case int():
            return f"{value:,}"
        case dict():
            return ", ".join(f"{name} ({kind})" for name, kind in value.items()) or "none"
        case list():
            return ", ".join(map(str, value)) or "none"
    return "none" if value is None else str(value)
