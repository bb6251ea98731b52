from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal.runs import selectors
from portal.runs.models import Attempt, Run, Step
from portal.runs.reasons import reason_of, reasons
from portal.runs.views import run_or_404


class RunDetail(APIView):
    """`GET /api/runs/<id>/`: the run and its steps. A run that this person may not see is 404."""

    def get(self, request: Request, run_id: int) -> Response:
        run = run_or_404(request, run_id)
        steps, attempts = selectors.steps_of(run), selectors.latest_attempts(run)
        told = reasons(request.user, steps)
        return Response(
            {
                **run_json(run),
                "reason": reason_of(request.user, run),
                "summary": selectors.summary(run),
                "steps": [step_json(step, told[step.pk], attempts.get(step.pk)) for step in steps],
            }
        )


def run_json(run: Run) -> dict[str, Any]:
    return {
        "id": run.pk,
        "kind": run.kind,
        "name": run.name,
        "title": run.title,
        "subject": {"kind": run.subject_kind, "id": run.subject_id},
        "trigger": run.trigger,
        "started_by": run.actor_name,
        "state": run.state,
        "created_at": run.created_at,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
    }


def step_json(step: Step, reason: str, attempt: Attempt | None) -> dict[str, Any]:
    progress = None
    if attempt is not None and attempt.done is not None:
        progress = {"done": attempt.done, "total": attempt.total, "unit": attempt.unit}
    return {
        "key": step.key,
        "title": step.title,
        "kind": step.kind,
        "state": step.state,
        "reason": reason,
        "after": step.after,
        "pool": step.pool,
        "attempt": step.attempt,
        "max_attempts": step.max_attempts,
        "summary": step.summary,
        "counts": step.counts,
        "progress": progress,
        "started_at": step.started_at,
        "finished_at": step.finished_at,
    }
