"""What the pages of models show, worked out once for page and API."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from apps.models.models import Gate, ModelVersion, Promotion, RegisteredModel
from apps.models.promotions import stale
from apps.models.selectors import before_champion, champion, entries, latest_gates, versions_of
from apps.models.types import OPEN_STATES, AliasState, PromotionState, Verdict

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


@dataclass(frozen=True)
class Line:
    """A model as the list shows it."""

    model: RegisteredModel
    serves: Promotion | None
    newest: ModelVersion | None
    open: Promotion | None

    @property
    def health(self) -> tuple[str, str]:
        """(state, why), in the words that all states share."""
        if self.model.alias_state == AliasState.MOVED:
            return "failed", "alias moved outside the portal; not served"
        if self.serves:
            return "up", "the alias follows" if self.model.alias_state == AliasState.PENDING else ""
        if self.model.untrainable:
            return "skipped", f"not trainable: {self.model.untrainable}"
        return "waiting", "no version is promoted"


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


def lines(models: QuerySet[RegisteredModel]) -> list[Line]:
    return [line_of(model) for model in models]


def line_of(model: RegisteredModel) -> Line:
    return Line(
        model=model,
        serves=champion(model),
        newest=versions_of(model).first(),
        open=entries(model.promotions.filter(state__in=OPEN_STATES)).first(),
    )


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
    return {
        "entry": entry,
        "state": STATES[PromotionState(entry.state)],
        "gates": [gate_line(gate) for gate in gates],
        "all_passed": bool(gates) and all(gate.verdict == Verdict.PASSED for gate in gates),
        "stale": stale(entry, gates) if gates and entry.state == PromotionState.REQUESTED else "",
        "serves": serves,
        "is_open": entry.state == PromotionState.REQUESTED,
    }


def gate_line(gate: Gate) -> GateLine:
    columns = gate.figures.get("columns", {})
    inputs = ({"name": name, **figures} for name, figures in columns.items())
    return GateLine(
        gate=gate,
        state=VERDICTS[Verdict(gate.verdict)],
        title=gate.get_name_display(),
        inputs=tuple(sorted(inputs, key=lambda each: -each["psi"])),
    )
