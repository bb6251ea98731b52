"""`/api/catalog/statements/`: statements from a job that reads a warehouse's history, and what is kept."""

from typing import Any

from rest_framework.exceptions import ValidationError
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.catalog.services import UnknownSource
from apps.catalog.statements.lines import TooManyLines, read_objects
from apps.catalog.statements.models import Statement
from apps.catalog.statements.services import import_statements
from portal.accounts.models import User
from portal.accounts.selectors import has_role
from portal.accounts.types import Role
from portal.audit.types import Actor

MOST_SHOWN = 100


class Stewards(BasePermission):
    message = "This needs the role steward or administrator."

    def has_permission(self, request: Request, view: APIView) -> bool:
        return has_role(request.user, Role.STEWARD, Role.ADMINISTRATOR)


class Statements(APIView):
    """`{"source": "warehouse", "statements": [{"at": ..., "text": ..., "session": ..., "user": ..., "id": ...}]}`."""

    permission_classes = [Stewards]

    def get(self, request: Request) -> Response:
        """What edges of origin `query:<fingerprint>` rest on, latest first; `?fingerprint=` may be its beginning."""
        mark = request.query_params.get("fingerprint", "").replace("\0", "")[:64]
        rows = Statement.objects.filter(fingerprint__startswith=mark).select_related("source")
        shown = rows.order_by("-executed_at", "pk")[:MOST_SHOWN]
        return Response({"count": rows.count(), "results": [_told(each) for each in shown]})

    def post(self, request: Request) -> Response:
        assert isinstance(request.user, User)
        given = request.data if isinstance(request.data, dict) else {}
        source, listed = given.get("source"), given.get("statements")
        if not isinstance(source, str) or "\0" in source or len(source) > 100:
            raise ValidationError({"source": 'The name of a source, such as "warehouse".'})
        if not isinstance(listed, list):
            raise ValidationError({"statements": "A list of statements."})
        try:
            statements, wrong = read_objects(enumerate(listed, 1))
            report = import_statements(actor=Actor.of(request.user), source=source, statements=statements, wrong=wrong)
        except TooManyLines as error:
            raise ValidationError({"statements": str(error)}) from error
        except UnknownSource as error:
            raise ValidationError({"source": str(error)}) from error
        told: dict[str, Any] = vars(report)
        return Response({**told, "wrong": _by_line(report.wrong), "unread": _by_line(report.unread)})


def _told(statement: Statement) -> dict[str, Any]:
    return {
        "source": statement.source.name,
        "fingerprint": statement.fingerprint,
        "text": statement.text,
        "executed_at": statement.executed_at,
        "executed_by": statement.executed_by,
        "executed_as": statement.executed_as,
    }


def _by_line(reasons: Any) -> list[dict[str, Any]]:
    return [{"line": line, "reason": reason} for line, reason in sorted(reasons.items())]
