from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.catalog.models import Dataset
from apps.catalog.use.selectors import LISTED, UNUSED_DAYS, of_dataset, popular, unused
from apps.catalog.use.services import DAYS
from portal.accounts.selectors import Someone


def use(request: HttpRequest) -> HttpResponse:
    context = {
        "popular": list(popular(request.user)[:LISTED]),
        "unused": list(unused(request.user)[:LISTED]),
        "days": DAYS,
        "unused_days": UNUSED_DAYS,
    }
    return render(request, "catalog/use.html", context)


def tab(person: Someone, found: Dataset) -> dict[str, Any]:
    """What the dataset's page says of its use."""
    return {"use": of_dataset(person, found), "days": DAYS}


class UseView(APIView):
    """`GET /api/catalog/use/`: the most read datasets of 30 days, and those that no query read in 90."""

    def get(self, request: Request) -> Response:
        return Response(
            {
                "popular": [
                    {"id": each.pk, "source": each.source.name, "path": list(each.path), "reads": each.reads,
                     "readers": each.readers}
                    for each in popular(request.user)[:LISTED]
                ],
                "unused": [
                    {"id": each.pk, "source": each.source.name, "path": list(each.path), "owner": each.owner,
                     "size_bytes": each.size_bytes, "rows": each.row_count, "last_read": each.last}
                    for each in unused(request.user)[:LISTED]
                ],
            }
        )  # fmt: skip
