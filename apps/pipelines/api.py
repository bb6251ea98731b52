from typing import Any, cast

from rest_framework import status
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.pipelines import selectors, services
from apps.pipelines.definitions import UnknownPipeline
from apps.pipelines.holds import PipelineBusy
from apps.pipelines.models import Check, LoadReceipt, PipelineRun
from apps.pipelines.reports import report
from apps.pipelines.views import WHO_MAY, pipeline_or_404, run_or_404
from portal.accounts.models import User
from portal.audit.types import Actor
from portal.runs.api import step_json
from portal.runs.reasons import reason_of, reasons
from portal.runs.selectors import latest_attempts, steps_of, summary


class Pipelines(APIView):
    """`GET /api/pipelines/`: those this person may know of, each with its last runs, the newest first."""

    def get(self, request: Request) -> Response:
        return Response({"pipelines": [_line(line) for line in selectors.overview(request.user)]})


class Runs(APIView):
    """`POST /api/pipelines/<name>/runs/` starts a run: 201. 409 while another one holds the pipeline."""

    def post(self, request: Request, name: str) -> Response:
        person = cast(User, request.user)
        pipeline = pipeline_or_404(person, name)
        if not selectors.may_run(person):
            raise PermissionDenied(WHO_MAY)
        try:
            started = services.start(actor=Actor.of(person), pipeline=pipeline, started_by=person, trigger="api")
        except PipelineBusy as error:
            return Response({"detail": str(error), "run": error.holder}, status=status.HTTP_409_CONFLICT)
        except UnknownPipeline as error:
            return Response({"detail": str(error)}, status=status.HTTP_409_CONFLICT)
        return Response(_run(started), status=status.HTTP_201_CREATED)


class RunDetail(APIView):
    """`GET /api/pipelines/runs/<id>/`: state, steps, receipts and checks. A run one may not see is 404."""

    def get(self, request: Request, run_id: int) -> Response:
        found = run_or_404(cast(User, request.user), run_id)
        run, figures = found.run, report(found)
        steps, attempts = steps_of(run), latest_attempts(run)
        told = reasons(request.user, steps)
        return Response(
            {
                **_run(found),
                "reason": reason_of(request.user, run),
                "summary": summary(run),
                "steps": [step_json(step, told[step.pk], attempts.get(step.pk)) for step in steps],
                "receipts": [_receipt(receipt) for receipt in figures.receipts],
                "checks": [_check(check) for check in found.checks.all()],
                "counts": {
                    "loaded_rows": figures.loaded,
                    "known_rows": figures.known,
                    "tests": figures.tests,
                    "tests_passed": figures.passed,
                    "comparisons": figures.compared,
                    "comparisons_agree": figures.agreeing,
                },
            }
        )


def _line(line: selectors.Line) -> dict[str, Any]:
    pipeline = line.pipeline
    return {
        "name": pipeline.name,
        "title": pipeline.title,
        "description": pipeline.description,
        "owner": pipeline.owner.get_username() if pipeline.owner else None,
        "schedule": pipeline.schedule,
        "paused": pipeline.paused,
        "next_run_at": pipeline.next_run_at,
        "typical_seconds": line.typical.total_seconds() if line.typical else None,
        "runs": [_run(each) for each in reversed(line.runs)],
    }


def _run(found: PipelineRun) -> dict[str, Any]:
    run = found.run
    return {
        "id": run.pk,
        "pipeline": run.name,
        "state": run.state,
        "trigger": run.trigger,
        "started_by": run.actor_name,
        "created_at": run.created_at,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
    }


def _receipt(receipt: LoadReceipt) -> dict[str, Any]:
    return {
        "dataset": receipt.dataset,
        "target": receipt.target,
        "status": receipt.status,
        "extracted_rows": receipt.extracted_rows,
        "loaded_rows": receipt.loaded_rows,
        "known_rows": receipt.known_rows,
        "bytes": receipt.bytes,
        "files": receipt.files,
        "from": receipt.lower_at,
        "to": receipt.upper_at,
        "content_hash": receipt.content_hash,
        "reconciled": receipt.reconciled,
        "loaded_at": receipt.loaded_at,
    }


def _check(check: Check) -> dict[str, Any]:
    return {
        "kind": check.kind,
        "name": check.name,
        "dataset": check.dataset,
        "column": check.column,
        "passed": check.passed,
        "detail": check.detail,
        "figures": check.figures,
    }
