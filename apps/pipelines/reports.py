"""A run's figures as its page and the API show them."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from apps.pipelines.models import REASONS, Check, LoadReceipt, PipelineRun, Reject

LISTED = 100
MONEY = ("amount",)


@dataclass(frozen=True)
class Cell:
    """One figure of one place; `currency` when it is money in minor units; no value: the place knows nothing of it."""

    value: str | None
    currency: str = ""


@dataclass(frozen=True)
class Row:
    group: tuple[str, ...]
    cells: tuple[Cell, ...]
    agrees: bool
    why: str = ""

    @property
    def state(self) -> str:
        return "passed" if self.agrees else "skipped" if self.why else "failed"


@dataclass(frozen=True)
class Reconciliation:
    """One table: a line per group, and for each place its figures side by side."""

    title: str
    groups: tuple[str, ...]
    places: tuple[str, ...]
    figures: tuple[str, ...]
    rows: tuple[Row, ...]

    @property
    def heads(self) -> list[tuple[str, str]]:
        return [(place, figure) for place in self.places for figure in self.figures]


@dataclass(frozen=True)
class Report:
    receipts: list[LoadReceipt]
    reconciliations: list[Reconciliation]
    failed: list[Check]
    drift: list[Check]
    tests: int
    passed: int
    loaded: int
    known: int
    bytes: int
    rejects: list[Reject]

    @property
    def rejected(self) -> list[tuple[LoadReceipt, str, int, str]]:
        """Dataset by dataset: column, how many, and why. Whole, whatever is listed."""
        return [
            (receipt, line["column"], line["count"], REASONS[line["reason"]])
            for receipt in self.receipts
            for line in receipt.rejected
        ]

    @property
    def rejected_total(self) -> int:
        return sum(count for _, _, count, _ in self.rejected)

    @property
    def state(self) -> str:
        states = {row.state for table in self.reconciliations for row in table.rows}
        return "failed" if "failed" in states else "passed"

    @property
    def agreeing(self) -> int:
        return sum(row.agrees for table in self.reconciliations for row in table.rows)

    @property
    def compared(self) -> int:
        return sum(len(table.rows) for table in self.reconciliations)


def report(pipeline_run: PipelineRun) -> Report:
    checks = list(pipeline_run.checks.all())
    receipts = list(pipeline_run.receipts.all())
    tests = [check for check in checks if check.kind == Check.Kind.TEST]
    return Report(
        receipts=receipts,
        reconciliations=reconcile(check for check in checks if check.kind == Check.Kind.COMPARISON),
        failed=[check for check in checks if not check.passed and check.kind != Check.Kind.DRIFT],
        drift=[check for check in checks if check.kind == Check.Kind.DRIFT],
        tests=len(tests),
        passed=sum(check.passed for check in tests),
        loaded=sum(receipt.loaded_rows for receipt in receipts),
        known=sum(receipt.known_rows for receipt in receipts),
        bytes=sum(receipt.bytes for receipt in receipts),
        rejects=_listed(receipts),
    )


def _listed(receipts: list[LoadReceipt]) -> list[Reject]:
    if not any(receipt.rejected for receipt in receipts):
        return []
    return list(Reject.objects.filter(receipt__in=receipts).select_related("receipt")[:LISTED])


def reconcile(checks: Iterable[Check]) -> list[Reconciliation]:
    """Checks as they were written: those of one comparison follow each other."""
    return [_table(title, list(lines)) for title, lines in groupby(checks, key=lambda check: check.figures["title"])]


def _table(title: str, lines: list[Check]) -> Reconciliation:
    places = lines[0].figures["places"]
    figures = next((tuple(p["figures"]) for line in lines for p in line.figures["places"] if p["figures"]), ())
    return Reconciliation(
        title=title,
        groups=tuple(name.replace("_", " ") for name in lines[0].figures["group"]),
        places=tuple(place["place"] for place in places),
        figures=figures,
        rows=tuple(_row(line, figures) for line in lines),
    )


def _row(line: Check, figures: tuple[str, ...]) -> Row:
    group = line.figures["group"]
    return Row(
        group=tuple(group.values()),
        cells=tuple(_cell(place["figures"], figure, group) for place in line.figures["places"] for figure in figures),
        agrees=line.passed and not line.figures.get("moved"),
        why=line.detail if line.figures.get("moved") else "",
    )


def _cell(values: dict[str, Any] | None, figure: str, group: dict[str, str]) -> Cell:
    if values is None:
        return Cell(None)
    return Cell(values[figure], group.get("currency", "") if figure in MONEY else "")
