"""Counts the same thing in several places and says whether they agree."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from apps.pipelines import findings, receipts
from apps.pipelines.definitions import Agreement, Definition, Measure
from apps.pipelines.extraction.source import Source
from apps.pipelines.models import Check, PipelineRun
from apps.pipelines.stores import source_store
from portal.runs.types import Outcome, StepContext, StepFailed
from portal.stores.types import Sql, Store

Group = tuple[str, ...]
Figures = tuple[str, ...]
MOVED = "because the source has moved on since this run read it; the next run compares again"


@dataclass(frozen=True)
class Comparison:
    """One line of the reconciliation: what each place says of one group. A place that is silent has no figures."""

    agreement: Agreement
    group: Group
    places: tuple[tuple[str, Figures | None], ...]
    moved: bool = False  # the source has gone on since this run read it: a difference says nothing

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
        if not all(line.agrees for line in lines) and _moved_on(run, definition, agreement):
            lines = [line if line.agrees else replace(line, moved=True) for line in lines]
        compared += lines
        level, text = _told(agreement, lines)
        context.log(text, level=level)
    findings.replace(context, run, findings.Kind.COMPARISON, [_row(run, line) for line in compared])
    broken = [line for line in compared if not line.agrees and not line.moved]
    if broken:
        findings.push(run)
        raise StepFailed(f"{broken[0].name} does not agree, and {len(broken) - 1} more of {len(compared)}")
    agree = sum(line.agrees for line in compared)
    moved = (
        f", {len(compared) - agree} wait for the next run: their source has moved on" if agree < len(compared) else ""
    )
    return Outcome(f"{agree} comparisons agree{moved}", counts={"comparisons": len(compared), "agree": agree})


def _moved_on(run: PipelineRun, definition: Definition, agreement: Agreement) -> bool:
    """Whether a source of this agreement has newer rows than this run took of it. Sources do not stand still."""
    places = {(measure.source, measure.dataset) for measure in agreement.measures}
    return any(
        receipts.is_behind(run, extract.key, Source(source_store(extract.source), extract).head())
        for extract in definition.extracts
        if (extract.source, extract.path) in places
    )


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


def _told(agreement: Agreement, lines: list[Comparison]) -> tuple[str, str]:
    """Level and text of the log's line."""
    wrong = [line for line in lines if not line.agrees]
    if not lines:
        return "info", f"{agreement.title}: there is nothing to compare"
    if not wrong:
        return "info", f"{agreement.title}: {len(lines)} of {len(lines)}"
    first = "; ".join(f"{label} {' / '.join(figures or ('nothing',))}" for label, figures in wrong[0].places)
    text = f"{wrong[0].name} differs: {first} ({len(wrong)} of {len(lines)} differ)"
    return ("warning", f"{text}, {MOVED}") if wrong[0].moved else ("error", text)


def _row(run: PipelineRun, line: Comparison) -> Check:
    agreement = line.agreement
    return Check(
        pipeline_run=run,
        kind=Check.Kind.COMPARISON,
        name=line.name[:300],
        dataset=".".join(agreement.measures[-1].dataset),
        passed=line.agrees or line.moved,
        detail=MOVED if line.moved else "" if line.agrees else "The places do not agree.",
        figures={
            "moved": line.moved,
            "title": agreement.title,
            "group": dict(zip(agreement.groups, line.group, strict=True)),
            "places": [
                {"place": label, "figures": dict(zip(agreement.figures, figures, strict=True)) if figures else None}
                for label, figures in line.places
            ],
        },
    )
