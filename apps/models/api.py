from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.models import pages, selectors
from apps.models.models import Gate, ModelVersion, Promotion
from apps.models.views import model_or_404, promotion_or_404, version_or_404


class Models(APIView):
    """`GET /api/models/`: those this person may know of, with what serves."""

    def get(self, request: Request) -> Response:
        return Response({"models": [_line(line) for line in pages.lines(selectors.models_for(request.user))]})


class ModelDetail(APIView):
    """`GET /api/models/<name>/`: versions, the newest first, and the promotion ledger."""

    def get(self, request: Request, name: str) -> Response:
        model = model_or_404(request, name)
        return Response(
            {
                **_line(pages.line_of(model)),
                "versions": [_version(version) for version in selectors.versions_of(model)],
                "promotions": [_promotion(entry) for entry in selectors.entries(model.promotions.all())],
            }
        )


class VersionDetail(APIView):
    """`GET /api/models/<name>/versions/<number>/`"""

    def get(self, request: Request, name: str, number: int) -> Response:
        return Response(_version(version_or_404(request, name, number)))


class PromotionDetail(APIView):
    """`GET /api/models/promotions/<id>/`: with the newest evidence of each gate."""

    def get(self, request: Request, pk: int) -> Response:
        entry = promotion_or_404(request, pk)
        return Response({**_promotion(entry), "gates": [_gate(gate) for gate in selectors.latest_gates(entry)]})


def _line(line: pages.Line) -> dict[str, Any]:
    model = line.model
    state, why = line.health
    return {
        "name": model.name,
        "title": model.title,
        "description": model.description,
        "owner": model.owner,
        "health": state,
        "why": why,
        "not_trainable": model.untrainable or None,
        "serves": _promotion(line.serves) if line.serves else None,
        "alias": {"state": model.alias_state, "version": model.alias_version, "checked_at": model.alias_checked_at},
    }


def _version(version: ModelVersion) -> dict[str, Any]:
    source = version.snapshot
    return {
        "number": version.number,
        "state": version.state,
        "run": version.run_id,
        "mlflow_run_id": version.mlflow_run_id,
        "artifact_sha256": version.artifact_sha256,
        "metrics": version.metrics,
        "params": version.params,
        "threshold": version.threshold,
        "signature": version.signature,
        "registered_at": version.registered_at,
        "snapshot": {
            "label": source.label,
            "datasets": source.datasets,
            "columns": source.columns,
            "rows": source.rows,
            "positives": source.positives,
            "taken_at": source.taken_at,
            "sha256": source.fingerprint,
            "erased_rows": source.erased_rows,
        },
    }


def _promotion(entry: Promotion) -> dict[str, Any]:
    return {
        "id": entry.pk,
        "version": entry.version.number,
        "state": entry.state,
        "reason": entry.reason,
        "requested_by": entry.requested_by.get_username(),
        "requested_at": entry.requested_at,
        "decided_by": entry.decided_by.get_username() if entry.decided_by else None,
        "decided_at": entry.decided_at,
        "applied_at": entry.applied_at,
        "rolled_back_at": entry.rolled_back_at,
        "note": entry.note,
    }


def _gate(gate: Gate) -> dict[str, Any]:
    return {
        "name": gate.name,
        "verdict": gate.verdict,
        "sentence": gate.sentence,
        "figures": gate.figures,
        "against": gate.against.number if gate.against else None,
        "run": gate.run_id,
        "checked_at": gate.checked_at,
    }
