"""The library for scripts: the same cut as its pages, each entry decided anew for whoever asks."""

import uuid
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.queries import api_shapes as shapes
from apps.queries.api import person
from apps.queries.api_saved import Queries
from apps.queries.library import checks, selectors
from apps.queries.library.models import LibraryEntry
from apps.queries.library.types import AgreedColumn, Content


class Library(APIView):
    permission_classes = [Queries]

    @extend_schema(
        operation_id="queries_library",
        description="Approved queries for a role of yours, quarantined ones included.",
        responses=shapes.LibraryList,
    )
    def get(self, request: Request) -> Response:
        found = selectors.listed(person(request))
        return Response({"results": [head(line.entry, line.content) for line in found]})


class OneEntry(APIView):
    permission_classes = [Queries]

    @extend_schema(
        operation_id="queries_library_one",
        description="One entry, its contract held against what is now. Its text runs as any other query.",
        responses=shapes.LibraryEntryShape,
    )
    def get(self, request: Request, entry: uuid.UUID) -> Response:
        user = person(request)
        try:
            row = checks.checked(selectors.entry_for(user, entry))
        except LibraryEntry.DoesNotExist:
            raise NotFound("There is no such entry.") from None
        found = selectors.opened(user, row)
        contract = found.contract if found.whole else None
        body = {
            **head(row, found.content),
            "why": list(found.why) if found.whole else [],
            "text": found.content.text if found.whole else None,
            "parameters": dict(found.content.parameters) if found.whole else {},
            "columns": [
                {"name": one.name, "masking": one.masking, "mask": one.mask}
                for one in (contract.columns if contract else ())
            ],
        }
        return Response(body)


def agreed(column: AgreedColumn) -> dict[str, str]:
    return {"name": column.name, "masking": column.masking, "mask": column.mask}


def head(row: LibraryEntry, content: Content) -> dict[str, Any]:
    return {
        "id": str(row.pk),
        "title": content.title,
        "about": content.about,
        "topic": row.topic,
        "source": row.source,
        "role": row.role,
        "purpose": row.purpose,
        "state": row.state,
    }
