"""Exports for scripts."""

import uuid
from typing import Any

from django.http import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.queries.api import own, person
from apps.queries.exports import services
from apps.queries.exports.responses import answer_of
from apps.queries.exports.types import NotExported
from apps.queries.roles import QUERIERS
from portal.accounts.guards import require_role
from portal.audit.types import Actor


class FormatIsOurs(DefaultContentNegotiation):
    """`format` names the file here, and whatever a client accepts, an error is JSON."""

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        return renderers[0], renderers[0].media_type


class Export(APIView):
    """`GET` or `POST ?format=csv|xlsx|parquet|arrow`. 400 another format, 404 another person's id, 409 nothing to
    export yet, 410 past its time, 422 what the format cannot hold."""

    content_negotiation_class = FormatIsOurs

    @extend_schema(
        operation_id="queries_export",
        description="The whole masked result as a file, marked with who, when and why.",
        parameters=[OpenApiParameter("format", str, enum=["csv", "xlsx", "parquet", "arrow"], required=True)],
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, execution: uuid.UUID) -> HttpResponseBase:
        require_role(request, *QUERIERS)
        row = own(request, execution)
        word = request.query_params.get("format", "")
        try:
            return answer_of(services.export(actor=Actor.of(person(request)), execution=row, word=word))
        except NotExported as refused:
            return Response({"field": "format", "message": refused.message}, status=refused.status)

    @extend_schema(exclude=True)
    def post(self, request: Request, execution: uuid.UUID) -> HttpResponseBase:
        return self.get(request, execution)
