"""OpenLineage over HTTP, in and out."""

from typing import Any

from django.http import Http404
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.catalog.openlineage.services import take_in
from apps.catalog.openlineage.told import event_for
from apps.catalog.openlineage.types import MOST_EVENTS, NotAnEvent, event_of
from apps.catalog.selectors import datasets_for
from apps.catalog.statements.api import Stewards
from portal.accounts.models import User
from portal.audit.types import Actor


class Events(APIView):
    """`POST /api/lineage/openlineage`: one run event, or a list of them. All are read before the first is taken in."""

    permission_classes = [Stewards]

    def post(self, request: Request) -> Response:
        assert isinstance(request.user, User)
        listed: list[Any] = request.data if isinstance(request.data, list) else [request.data]
        if len(listed) > MOST_EVENTS:
            raise ValidationError({"events": f"{len(listed):,} events; {MOST_EVENTS} is the most of one request."})
        events = []
        for at, body in enumerate(listed):
            try:
                events.append(event_of(body))
            except NotAnEvent as error:
                place = f"event {at + 1}: " if len(listed) > 1 else ""
                raise ValidationError({"events": f"{place}{error}"}) from error
        taken = [take_in(actor=Actor.of(request.user), event=event) for event in events]
        return Response({"events": [{**vars(each), "unknown": list(each.unknown)} for each in taken]}, status=201)


class OneDataset(APIView):
    """`GET /api/lineage/openlineage/datasets/{id}/`: a dataset event with the facets `schema` and `columnLineage`."""

    def get(self, request: Request, pk: int) -> Response:
        found = datasets_for(request.user).filter(pk=pk).first()
        if found is None:
            raise Http404(f"No dataset {pk}.")
        return Response(event_for(request.user, found))
