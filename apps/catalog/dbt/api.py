"""`POST /api/catalog/dbt/`: dbt's artifacts from a job that built the warehouse."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings
from rest_framework.exceptions import ValidationError
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.catalog import services
from apps.catalog.dbt.files import ArtifactError
from apps.catalog.models import Source
from apps.catalog.statements.api import Stewards
from portal.accounts.models import User
from portal.audit.types import Actor

FILES = ("manifest", "run_results", "catalog", "sources")


class Artifacts(APIView):
    """Multipart: `source`, and the files `manifest` (which must be there), `run_results`, `catalog`, `sources`. Nothing
    is changed where one of them cannot be read; the answer says which, where and why."""

    permission_classes = [Stewards]
    parser_classes = [MultiPartParser]

    def post(self, request: Request) -> Response:
        assert isinstance(request.user, User)
        given = request.data if isinstance(request.data, dict) else {}
        source = str(given.get("source", "warehouse"))
        if "\0" in source or not Source.objects.filter(name=source[:100]).exists():
            raise ValidationError({"source": "The catalog has not looked at a source of this name."})
        if "manifest" not in request.FILES:
            raise ValidationError({"manifest": "The file manifest.json of dbt's target folder."})
        with tempfile.TemporaryDirectory(prefix="portico-dbt-") as folder:
            try:
                self._keep(request, Path(folder))
                actor = Actor.of(request.user)
                report = services.import_dbt(actor=actor, target_dir=Path(folder), source=source)
            except ArtifactError as error:
                raise ValidationError({"artifacts": str(error)}) from error
        told: dict[str, Any] = vars(report)
        return Response({**told, "incomplete": dict(report.incomplete), "unmatched": list(report.unmatched)})

    def _keep(self, request: Request, folder: Path) -> None:
        """Raises ArtifactError for a file over the limit before it is copied."""
        most = settings.DBT_ARTIFACT_MB * 1024 * 1024
        for name in FILES:
            given = request.FILES.get(name)
            if given is None:
                continue
            if given.size > most:
                told = f"at most {settings.DBT_ARTIFACT_MB} MB are read (PORTICO_DBT_ARTIFACT_MB)"
                raise ArtifactError(f"{name}.json has {given.size / 1024 / 1024:,.0f} MB; {told}.")
            with (folder / f"{name}.json").open("wb") as kept:
                shutil.copyfileobj(given, kept)
