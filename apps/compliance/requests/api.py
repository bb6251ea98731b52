"""Requests for scripts: list and detail, by the rules of the pages."""

import uuid
from typing import Any

from rest_framework.exceptions import NotFound, ParseError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.compliance.requests import board, certificates, selectors
from apps.compliance.requests.board import Line
from apps.compliance.requests.models import SubjectRequest
from apps.compliance.requests.story import Story, story_of
from portal.accounts.models import User

LARGEST_PAGE = 200


class ForViewers(APIView):
    """404 for whoever may not know that there are requests, whatever they send."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if not selectors.may_view(request.user):
            raise NotFound("Not found.")


class Requests(ForViewers):
    """`GET ?kind=&law=&state=&due=&page=&page_size=`: those that are due first."""

    def get(self, request: Request) -> Response:
        user = request.user
        assert isinstance(user, User)
        chosen = {name: request.query_params[name] for name in board.FILTERS if name in request.query_params}
        for name, value in chosen.items():
            if value not in board.FILTERS[name]:
                message = f"“{name}” must be one of {', '.join(board.FILTERS[name])}."
                raise ParseError({"field": name, "message": message})
        page, size = number(request, "page", 1, 100_000), number(request, "page_size", 50, LARGEST_PAGE)
        found = board.matching(selectors.requests_for(user), chosen)
        rows = board.lines(user, found[(page - 1) * size : page * size])
        return Response({"count": found.count(), "page": page, "requests": [as_json(line) for line in rows]})


class OneRequest(ForViewers):
    def get(self, request: Request, request_id: uuid.UUID) -> Response:
        user = request.user
        assert isinstance(user, User)
        try:
            row = selectors.request_for(user, request_id)
        except SubjectRequest.DoesNotExist:
            raise NotFound("Not found.") from None
        return Response(told(story_of(user, row)))


def number(request: Request, name: str, default: int, most: int) -> int:
    value = request.query_params.get(name, str(default))
    if not value.isascii() or not value.isdigit() or len(value) > 9 or not 1 <= int(value) <= most:
        raise ParseError({"field": name, "message": f"“{name}” must be a whole number from 1 to {most}."})
    return int(value)


def as_json(line: Line) -> dict[str, Any]:
    row = line.request
    return {
        "id": str(row.pk),
        "kind": row.kind,
        "law": row.law,
        "state": row.state,
        "identity": line.identity,
        "received_on": str(row.received_on),
        "due_on": str(row.due_on),
        "days_left": line.left if line.open else None,
        "extended": bool(row.extended_for),
        "needs": line.needs,
        "waits": line.reason,
    }


def told(story: Story) -> dict[str, Any]:
    search, plan = story.known.search, story.known.plan
    return {
        **as_json(story.line),
        "verified": story.verified,
        "clock": story.request.clock,
        "run": story.request.run_id,
        "search": None
        if search is None
        else {
            "number": search.number,
            "at": search.at,
            "people": search.people,
            "digest": search.sha256,
            "searched": search.content.get("searched", []),
            "places": search.content.get("places", []),
            "findings": search.content.get("findings", []),
        },
        "plan": None
        if plan is None
        else {
            "number": plan.number,
            "sha256": plan.sha256,
            "planned_by": plan.planned_by.get_username(),
            "approved_by": plan.approved_by.get_username() if plan.approved_by else None,
            "approved_at": plan.approved_at,
        },
        "certificate": certificates.as_json(story.certificate) if story.certificate else None,
    }
