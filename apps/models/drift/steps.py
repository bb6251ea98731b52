"""The two steps of a comparison: figures of ours in the worker, Evidently's report in a process of its own."""

import sys
from datetime import timedelta

from django.conf import settings

from apps.models import inferences
from apps.models.drift import files, services
from apps.models.drift.compare import compare as compared
from apps.models.drift.spread import Spread
from apps.models.models import ModelVersion, RegisteredModel
from apps.models.observed import TOO_FEW, Baseline, DriftReport
from apps.models.selectors import champion
from portal.runs.models import Run
from portal.runs.types import Outcome, StepContext, StepFailed

MOST = 50_000  # the newest of a window: enough for shares of bins, and bounded in memory


def compare(context: StepContext) -> Outcome:
    """The window ends when the run was started, so that a second attempt compares the same inferences."""
    entry = champion(RegisteredModel.objects.get(pk=context.params["model"]))
    if entry is None:
        return Outcome("nothing serves: there is nothing to compare", output={"report": None})
    until = Run.objects.values_list("created_at", flat=True).get(pk=context.run_id)
    since = until - timedelta(hours=settings.DRIFT_WINDOW_HOURS)
    rows = inferences.window(entry.version_id, since, until, most=MOST)
    drift = None
    baseline = Baseline.objects.filter(version_id=entry.version_id).first()
    if len(rows) >= settings.DRIFT_MINIMUM and baseline is not None:
        drift = compared(
            Spread.of_json(baseline.figures),
            [row.features for row in rows],
            [row.score for row in rows],
            limit=settings.DRIFT_PSI,
        )
    context.check()
    window = services.Window(since, until, len(rows))
    with context.fenced():
        version = ModelVersion.objects.select_related("model").get(pk=entry.version_id)
        report = services.keep(version=version, run_id=context.run_id, at=until, window=window, drift=drift)
    return Outcome(sentence(report), counts={"inferences": len(rows)}, output={"report": report.pk})


def sentence(report: DriftReport) -> str:
    if report.state == TOO_FEW:
        return f"not enough inferences: {report.inferences} of {report.needed}"
    features = report.figures[:-1]
    return f"{sum(each['drifted'] for each in features)} of {len(features)} inputs drifted"


def draw(context: StepContext) -> Outcome:
    key = context.inputs["compare"]["report"]
    report = DriftReport.objects.filter(pk=key).exclude(state=TOO_FEW).first()
    if report is None:
        return Outcome("nothing to draw")
    code = context.run_process(
        [sys.executable, "-m", "apps.models.drift.child", str(report.pk)],
        env={"DO_NOT_TRACK": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        cwd=str(settings.BASE_DIR),
        line=said,
    )
    if code:
        raise StepFailed(f"Evidently ended with code {code}; the figures above are there without it.", retryable=True)
    size = files.path_of(report.pk).stat().st_size
    with context.fenced():
        services.keep_html(report=report, size=size)
    return Outcome(f"{size // 1024:,} kB", output={"report": report.pk})


def said(text: str) -> tuple[str, str] | None:
    """Of Evidently's warnings nothing: they may quote what they are about."""
    return ("info", text.removeprefix("drift: ")) if text.startswith("drift: ") else None
