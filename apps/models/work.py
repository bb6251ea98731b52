"""What the heavy steps have in common: a folder of the run's own, and a child process that reads an order there."""

import json
import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from django.conf import settings

from apps.models.training.child import NO_LABELS, TRACKING_DOWN
from portal.runs.types import StepContext, StepFailed, StepWaits

RAISED = re.compile(r"^([A-Za-z_][\w.]*(?:Error|Exception|Altered))\b")
SAID = "Fitted "


class NothingToLearn(Exception):
    """The data has too few labels; the message says how few."""


def folder_of(run_id: int) -> Path:
    place = Path(settings.HOME) / "training" / str(run_id)
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    return place


def tidy(run_id: int) -> None:
    shutil.rmtree(Path(settings.HOME) / "training" / str(run_id), ignore_errors=True)


def ask(context: StepContext, command: str, order: Mapping[str, Any]) -> Mapping[str, Any]:
    """Raises NothingToLearn, StepWaits while MLflow does not answer, StepFailed."""
    file = folder_of(context.run_id) / f"{context.step_key}-{context.attempt}.json"
    answer = file.with_suffix(".answer.json")
    file.write_text(json.dumps(order))
    code = context.run_process(
        [sys.executable, "-m", "apps.models.training.child", command, str(file)],
        env=environment(),
        cwd=str(settings.BASE_DIR),
        line=readable,
    )
    told: dict[str, Any] = json.loads(answer.read_text()) if answer.is_file() else {}
    if code == NO_LABELS:
        raise NothingToLearn(told["reason"])
    if code == TRACKING_DOWN:
        raise StepWaits(told["reason"], retry_after_s=15)
    if code:
        raise StepFailed(f"`{command}` ended with code {code}; its log says why.", retryable=True)
    return told


def environment() -> dict[str, str]:
    """What MLflow's client needs to know. It gives up soon: the step then waits, and says so."""
    parts = urlsplit(settings.TRACKING_URL)
    place = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    account = {}
    if parts.username:
        account["MLFLOW_TRACKING_USERNAME"] = unquote(parts.username)
        account["MLFLOW_TRACKING_PASSWORD"] = unquote(parts.password or "")
    return {
        "MLFLOW_TRACKING_URI": place,
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
        "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
        "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "1",
        **account,
    }


def readable(text: str) -> tuple[str, str] | None:
    """Of a traceback only what was raised: its message may repeat a row."""
    if text.startswith(SAID):
        return "info", text
    raised = RAISED.match(text)
    return ("error", f"It raised {raised[1]}.") if raised else None
