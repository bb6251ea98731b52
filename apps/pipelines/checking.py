"""Counts the same thing in several places and says whether they agree."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from apps.pipelines import findings
from apps.pipelines.definitions import Agreement, Definition, Measure
from apps.pipelines.models import Check, PipelineRun
from apps.pipelines.stores import source_store
from portal.runs.types import Outcome, StepContext, StepFailed
from portal.stores.types import Sql, Store

Group = tuple[str, ...]
Figures = tuple[str, ...]


@dataclass(frozen=True)
class Comparison:
    """One line of the reconciliation: what each place says of one group. A place that is silent has no figures."""

    agreement: Agreement
    group: Group
    places: tuple[tuple[str, Figures | None], ...]

    @property
    def agrees(self) -> bool:
        return len({figures for _, figures in self.places}) == 1

    @property
    def name(self) -> str:
        group = ", ".join(self.group)
        return f"{self.agreement.key}: {group}" if group else self.agreement.key


def check(context: StepContext, run: PipelineRun, definition: Definition) -> Outcome:
    """Raises StepFailed when places disagree; the figures are kept and told either way."""
    stores: dict[str, Store] = {}
    compared: list[Comparison] = []
    for agreement in definition.checks:
        context.check()
        lines = compare(agreement, _counted(context, stores, agreement))
        compared += lines
        wrong = [line for line in lines if not line.agrees]
        context.log(_told(agreement, lines, wrong), level="error" if wrong else "info")
    findings.replace(context, run, findings.Kind.COMPARISON, [_row(run, line) for line in compared])
    broken = [line for line in compared if not line.agrees]
    if broken:
        findings.push(run)
        raise StepFailed(f"{broken[0].name} does not agree, and {len(broken) - 1} more of {len(compared)}")
    return Outcome(f"{len(compared)} comparisons agree", counts={"comparisons": len(compared), "agree": len(compared)})


def _counted(context: StepContext, stores: dict[str, Store], agreement: Agreement) -> dict[str, dict[Group, Figures]]:
    """By place. An optional place that has nothing to say does not take part."""
    groups = len(agreement.groups)
    found = {measure: read(context, stores, measure, groups) for measure in agreement.measures}
    return {measure.label: figures for measure, figures in found.items() if figures or not measure.optional}


def read(context: StepContext, stores: dict[str, Store], measure: Measure, groups: int) -> dict[Group, Figures]:
    """Figures by group, the first `groups` columns. Exact text: the same number reads the same in every store."""
    store = stores.get(measure.source)
    if store is None:
        store = stores[measure.source] = source_store(measure.source)
        context.on_cancel(store.cancel)
    found: dict[Group, Figures] = {}
    with store.read(Sql(measure.text)) as rows:
        for batch in rows:
            for row in batch.to_pylist():
                values = [as_text(value) for value in row.values()]
                found[tuple(values[:groups])] = tuple(values[groups:])
    return found


def as_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float | Decimal):
        return format(Decimal(str(value)).normalize(), "f")
    return str(value)


def compare(agreement: Agreement, found: Mapping[str, Mapping[Group, Figures]]) -> list[Comparison]:
    """One line per group that any place knows, in the order of their names."""
    groups = sorted({group for figures in found.values() for group in figures})
    return [
        Comparison(agreement, group, tuple((label, figures.get(group)) for label, figures in found.items()))
        for group in groups
    ]


def _told(agreement: Agreement, lines: list[Comparison], wrong: list[Comparison]) -> str:
    if not lines:
        return f"{agreement.title}: there is nothing to compare"
    if not wrong:
        return f"{agreement.title}: {len(lines)} of {len(lines)}"
    first = "; ".join(f"{label} {' / '.join(figures or ('nothing',))}" for label, figures in wrong[0].places)
    return f"{wrong[0].name} differs: {first} ({len(wrong)} of {len(lines)} differ)"


def _row(run: PipelineRun, line: Comparison) -> Check:
    agreement = line.agreement
    return Check(
        pipeline_run=run,
        kind=Check.Kind.COMPARISON,
        name=line.name[:300],
        dataset=".".join(agreement.measures[-1].dataset),
        passed=line.agrees,
        detail="" if line.agrees else "The places do not agree.",
        figures={
            "title": agreement.title,
            "group": dict(zip(agreement.groups, line.group, strict=True)),
            "places": [
                {"place": label, "figures": dict(zip(agreement.figures, figures, strict=True)) if figures else None}
                for label, figures in line.places
            ],
        },
    )
