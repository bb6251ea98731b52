"""`python -m apps.models.drift.child REPORT`: Evidently's page of one report, in a process that ends afterwards.

Evidently takes many seconds and 300 MB to import, and writes lowest and highest values of each input into its page.
So it is given numbers of three digits and words that the training knew: what it draws are distributions, and no row.
"""

import os
import resource
import sys
import tempfile
from collections.abc import Mapping, Sequence
from math import floor, log10
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from apps.models.drift.spread import Spread
    from apps.models.observed import DriftReport

MOST = 5_000
MEMORY = 3 * 2**30  # of address space for data: a page that needs more ends here and not in the worker's machine
DIGITS = 3
Rows = Sequence[Mapping[str, Any]]


def main() -> int:
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    import django

    django.setup()
    from apps.models import inferences
    from apps.models.drift import files
    from apps.models.drift.snapshots import SnapshotGone, rows_of
    from apps.models.drift.spread import Spread
    from apps.models.observed import Baseline, DriftReport

    report = DriftReport.objects.select_related("version").get(pk=int(sys.argv[1]))
    spread = Spread.of_json(Baseline.objects.get(version_id=report.version_id).figures)
    names = [each.name for each in spread.features]
    found = inferences.window(report.version_id, report.window_from, report.window_to, most=MOST)
    try:
        before = rows_of(report.version.snapshot_id, names, most=MOST)
    except SnapshotGone as error:
        sys.stdout.write(f"drift: {error}\n")
        return 3
    html = drawn(coarse(before, spread), coarse([row.features for row in found], spread), spread, report)
    sys.stdout.write(f"drift: drawn from {len(before):,} training rows and {len(found):,} inferences\n")
    files.write(report.pk, html)
    return 0


def coarse(rows: Rows, spread: "Spread") -> dict[str, list[Any]]:
    """Columns whose values stand for many."""
    return {
        each.name: [rounded(row.get(each.name)) if each.numeric else word(row.get(each.name), each) for row in rows]
        for each in spread.features
    }


def rounded(value: Any) -> float | None:
    from apps.models.drift.spread import is_missing

    if is_missing(value):
        return None
    number = float(value)
    return number if not number else round(number, DIGITS - 1 - floor(log10(abs(number))))


def word(value: Any, feature: Any) -> str:
    from apps.models.drift.spread import MISSING, OTHER

    if value is None:
        return MISSING
    return str(value) if str(value) in feature.known else OTHER


def drawn(before: dict[str, list[Any]], now: dict[str, list[Any]], spread: "Spread", report: "DriftReport") -> bytes:
    import pandas as pd
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset

    definition = DataDefinition(
        numerical_columns=[each.name for each in spread.features if each.numeric],
        categorical_columns=[each.name for each in spread.features if not each.numeric],
    )
    preset = DataDriftPreset(method="psi", threshold=report.psi_limit, drift_share=report.share_limit)
    made = Report([preset]).run(
        Dataset.from_pandas(pd.DataFrame(now), definition), Dataset.from_pandas(pd.DataFrame(before), definition)
    )
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "report.html"
        made.save_html(str(page))
        return page.read_bytes()


if __name__ == "__main__":
    sys.exit(main())
