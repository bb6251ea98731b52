"""Inferences and reports of a version, without a scoring service: what its log and its runs leave behind."""

import subprocess
import sys
import uuid
from datetime import timedelta

from django.utils import timezone

from apps.models import inferences
from apps.models.drift import services
from apps.models.drift.files import path_of
from apps.models.drift.spread import spread_of
from apps.models.models import ModelVersion, RegisteredModel
from apps.models.observed import Baseline, DriftReport
from apps.models.types import VersionState
from portal.accounts.models import User
from portal.runs.executor import work
from portal.runs.models import Run
from tests.models import serving
from tests.people import HOUSE, person

TYPES = serving.INPUTS


def version(number: int = 1) -> ModelVersion:
    """Registered and promoted, with its training rows and its baseline, but no files: nobody loads it here."""
    model = serving.registered()
    made = ModelVersion.objects.create(
        model=model, snapshot=serving.snapshot(model), label=f"v{number}", number=number,
        state=VersionState.REGISTERED, run_id=1, mlflow_run_id="a" * 32, artifact_sha256="f" * 64,
        artifact_uri="file:///nowhere", trained_by="tests",
        signature={"inputs": [{"name": name, "type": kind} for name, kind in TYPES.items()], "outputs": []},
    )  # fmt: skip
    rows = serving.training_rows()
    columns = {name: rows[name] for name in TYPES}
    spread = spread_of(columns, TYPES, [n / serving.ROWS for n in range(serving.ROWS)])  # type: ignore[arg-type]
    Baseline.objects.create(version=made, rows=spread.rows, figures=spread.as_json())
    serving.promote(made)
    return made


def log(of: ModelVersion, count: int, *, amount: float = 1.0, charge: str = "", **features: object) -> None:
    """`count` inferences that look like the training rows, with `amount` times their amount."""
    rows, now = serving.training_rows(), timezone.now() - timedelta(minutes=1)
    caller: User = person("checkout")
    inferences.write(
        inferences.Scored(
            uuid.uuid4(), of.model_id, of.pk, now,
            {name: rows[name][n % serving.ROWS] for name in TYPES}
            | {"AMOUNT": float(str(rows["AMOUNT"][n % serving.ROWS])) * amount} | features,
            (n % serving.ROWS) / serving.ROWS, False, caller.pk, 5.0, inferences.digest_of(charge) if charge else "",
        )
        for n in range(count)
    )  # fmt: skip


def compared(model: RegisteredModel) -> DriftReport:
    """A run of the comparison, whose first step is worked in this process."""
    run: Run = services.start(actor=HOUSE, model=model)
    work(run.steps.get(key="compare").pk)
    Run.objects.filter(pk=run.pk).update(state="done")  # so that the next comparison is another run
    return DriftReport.objects.get(run_id=run.pk)


def draw(report: DriftReport) -> DriftReport:
    """Evidently's page, from the process that the second step starts under a worker's eyes."""
    subprocess.run([sys.executable, "-m", "apps.models.drift.child", str(report.pk)], check=True)
    services.keep_html(report=report, size=path_of(report.pk).stat().st_size)
    report.refresh_from_db()
    return report
