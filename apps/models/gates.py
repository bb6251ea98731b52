"""The gates of a promotion: a run gathers the figures, and each gate here says what it makes of them."""

from collections.abc import Mapping
from typing import Any

from apps.models.models import Gate, ModelVersion, Promotion
from apps.models.types import GateName, GateResult, Verdict
from portal.accounts.models import User
from portal.audit.types import Actor
from portal.runs.flows import ACTIVE
from portal.runs.models import Run, Step
from portal.runs.services import start_run
from portal.runs.types import RunPlan, StepPlan

STEP = "models.gates"
VIEW = "ml.view_registeredmodel"
FEWEST_CURRENT = 100  # rows, below which current data says nothing of a distribution
Figures = Mapping[str, Any]


def start_check(*, actor: Actor, entry: Promotion, started_by: User | None) -> int:
    """Starts the run that gathers the evidence; returns its number, or that of the one under way for this entry."""
    Promotion.objects.select_for_update(no_key=True).get(pk=entry.pk)
    steps = Step.objects.filter(kind=STEP, run__state__in=ACTIVE, params__promotion=entry.pk)
    if (under_way := steps.values_list("run_id", flat=True).first()) is not None:
        return under_way
    step = StepPlan(
        key="gates",
        kind=STEP,
        title=f"Check the gates of {entry}",
        params={"promotion": entry.pk, "round": next_round(entry)},
        pool="training",
        timeout_s=900,
    )
    plan = RunPlan(
        kind="gates",
        name=entry.model.name,
        title=f"Gates of {entry}",
        steps=(step,),
        permission=VIEW,
        subject_kind="registeredmodel",
        subject_id=str(entry.model_id),
    )
    return start_run(actor=actor, plan=plan, started_by=started_by).pk


def check_of(entry: Promotion) -> Run | None:
    """The newest run that was to gather the evidence of its gates."""
    return Run.objects.filter(steps__kind=STEP, steps__params__promotion=entry.pk).order_by("-pk").first()


def next_round(entry: Promotion) -> int:
    last = Gate.objects.filter(promotion=entry).order_by("-round").values_list("round", flat=True).first()
    return (last or 0) + 1


def better(figures: Figures, against: ModelVersion | None) -> GateResult:
    """More average precision than who serves, beyond what chance among the holdout's rows can do."""
    if "why" in figures:
        return GateResult(GateName.BETTER, Verdict.UNKNOWN, f"Not compared: {figures['why']}.", figures)
    other = f"version {against.number}" if against else "the base rate"
    said = (
        f"PR-AUC {figures['ours']:.3f} against {figures['theirs']:.3f} of {other} on {figures['rows']:,} rows it never "
        f"saw; difference {figures['difference']:+.3f}, between {figures['low']:+.3f} and {figures['high']:+.3f}."
    )
    return GateResult(GateName.BETTER, Verdict.PASSED if figures["low"] > 0 else Verdict.FAILED, said, figures)


def signature(ours: Figures, theirs: Figures | None) -> GateResult:
    """Whoever asks the champion for a score can ask this version: every input it takes is one of the champion's."""
    name = GateName.SIGNATURE
    inputs = types_of(ours)
    if not inputs:
        return GateResult(name, Verdict.FAILED, "It was logged without a signature.", {})
    if theirs is None:
        return GateResult(name, Verdict.PASSED, f"{len(inputs)} inputs; nothing serves yet.", {"inputs": inputs})
    served = types_of(theirs)
    new = sorted(set(inputs) - set(served))
    other = sorted(column for column in inputs if column in served and inputs[column] != served[column])
    figures = {"new": new, "other_type": other, "no_longer": sorted(set(served) - set(inputs))}
    if new or other:
        parts = [f"{', '.join(new)} is not sent today"] if new else []
        parts += [f"{', '.join(other)} has another type"] if other else []
        return GateResult(name, Verdict.FAILED, f"{'; '.join(parts)}.", figures)
    return GateResult(name, Verdict.PASSED, f"All {len(inputs)} inputs are sent today, with the same types.", figures)


def types_of(signature: Figures) -> dict[str, str]:
    return {column["name"]: column["type"] for column in signature.get("inputs", ())}


def drift(figures: Figures, limit: float) -> GateResult:
    """No input is distributed otherwise now than in the snapshot it was trained on."""
    name = GateName.DRIFT
    rows, columns = figures.get("rows", 0), figures.get("columns", {})
    if rows < FEWEST_CURRENT:
        said = f"Only {rows:,} current rows; {FEWEST_CURRENT} are needed to say anything."
        return GateResult(name, Verdict.UNKNOWN, said, figures)
    moved = sorted((column for column in columns if columns[column]["psi"] > limit), key=lambda c: -columns[c]["psi"])
    told = {**figures, "limit": limit}
    if moved:
        said = ", ".join(f"{column} (PSI {columns[column]['psi']:.2f})" for column in moved[:3])
        return GateResult(name, Verdict.FAILED, f"Moved beyond {limit:g}: {said}.", told)
    most = max(columns, key=lambda column: columns[column]["psi"])
    said = f"Of {len(columns)} inputs over {rows:,} current rows, {most} moved most: PSI {columns[most]['psi']:.3f}."
    return GateResult(name, Verdict.PASSED, said, told)


def snapshot(expected: str, found: str, rows: int) -> GateResult:
    """The rows on disk are those it was trained on."""
    figures = {"expected": expected, "found": found}
    if found != expected:
        return GateResult(GateName.SNAPSHOT, Verdict.FAILED, "The snapshot's file is not the one registered.", figures)
    return GateResult(GateName.SNAPSHOT, Verdict.PASSED, f"All {rows:,} rows are as they were registered.", figures)
