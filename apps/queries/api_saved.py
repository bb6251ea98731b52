"""For scripts: history, what a query would be told, saved queries, the day's budget. The same cut as the pages."""

import uuid
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.queries import api_shapes as shapes
from apps.queries import selectors
from apps.queries.api import bodied, number, person, text_field, typed_field
from apps.queries.budget import budget_of
from apps.queries.console import Explanation, explain
from apps.queries.models import Execution, SavedQuery, SavedVersion, Schedule
from apps.queries.roles import QUERIERS
from apps.queries.saved import selectors as kept
from portal.accounts.selectors import current_purpose, has_role

PAGE_SIZE = 50


class Queries(BasePermission):
    message = "This needs a role that queries data."

    def has_permission(self, request: Request, view: APIView) -> bool:
        return has_role(request.user, *QUERIERS)


class History(APIView):
    permission_classes = [Queries]

    @extend_schema(
        operation_id="queries_history",
        description="Your own queries, the newest first, 50 a page.",
        parameters=[OpenApiParameter("page", int)],
        responses=shapes.History,
    )
    def get(self, request: Request) -> Response:
        page = number(request, "page", 1, 1_000_000)
        rows = selectors.executions_of(request.user)
        count, start = rows.count(), (page - 1) * PAGE_SIZE
        shown = [past(row) for row in rows[start : start + PAGE_SIZE]]
        following = page + 1 if start + PAGE_SIZE < count else None
        return Response({"count": count, "page": page, "next": following, "results": shown})


def past(row: Execution) -> dict[str, Any]:
    outcome = selectors.outcome_of(row)
    return {
        "id": str(row.pk),
        "source": row.source,
        "purpose": row.purpose,
        "status": row.status,
        "text": selectors.text_of(row),
        "row_count": row.row_count,
        "created_at": row.created_at,
        "finished_at": row.finished_at,
        "read": list(outcome.read),
        "filtered": list(outcome.filtered),
    }


class Explain(APIView):
    permission_classes = [Queries]

    @extend_schema(
        operation_id="queries_explain",
        description="What would be masked and why, or why nothing would run, and what it would cost. Runs nothing.",
        request=shapes.Query,
        responses=shapes.Explained,
    )
    def post(self, request: Request) -> Response:
        body = bodied(request)
        found = explain(
            user=person(request),
            purpose=current_purpose(request),
            source=text_field(body, "source"),
            text=text_field(body, "text"),
            typed=typed_field(body),
            cost=True,
        )
        return Response(explained(found))


def explained(found: Explanation) -> dict[str, Any]:
    refused, cost = found.refused, found.estimate
    return {
        "refusal": None if refused is None else {
            name: getattr(refused, name) for name in ("code", "message", "hint", "line", "column")
        },
        "columns": found.shown,
        "masked": [
            {"name": one.name, "reason": one.reason, "rule": one.rule, "approver": one.approver} for one in found.masked
        ],
        "notes": list(found.notes),
        "missing": list(found.missing),
        "estimate": None if cost is None else vars(cost),
    }  # fmt: skip


class SavedQueries(APIView):
    permission_classes = [Queries]

    @extend_schema(
        operation_id="queries_saved_list",
        description="Saved queries of yours and those shared with a role of yours.",
        responses=shapes.SavedList,
    )
    def get(self, request: Request) -> Response:
        found = [
            {
                "id": str(row.pk),
                "owner": row.owner.get_username(),
                "title": draft.title,
                "folder": draft.folder,
                "source": draft.source,
                "version": row.head,
                "favourite": marked,
            }
            for row, draft, marked in kept.listed(person(request))
        ]
        return Response({"results": found})


class OneSavedQuery(APIView):
    permission_classes = [Queries]

    @extend_schema(
        operation_id="queries_saved_one",
        description="One version, decided anew for you: where the gate refuses its text, you get the code alone.",
        parameters=[OpenApiParameter("version", int)],
        responses=shapes.OneSaved,
    )
    def get(self, request: Request, saved: uuid.UUID) -> Response:
        user = person(request)
        try:
            query = kept.query_for(user, saved)
            wanted = number(request, "version", query.head, 1_000_000)
            found = kept.opened(person=user, purpose=current_purpose(request), query=query, number=wanted)
        except (SavedQuery.DoesNotExist, SavedVersion.DoesNotExist):
            raise NotFound("There is no such saved query.") from None
        draft, refused = found.draft, found.explanation.refused
        body = {
            "id": str(query.pk),
            "owner": query.owner.get_username(),
            "version": found.number,
            "newest": query.head,
            "title": draft.title if draft else None,
            "folder": draft.folder if draft else None,
            "source": draft.source if draft else None,
            "text": draft.text if draft else None,
            "parameters": dict(draft.parameters) if draft else {},
            "refusal": refused.code if refused else None,
            "schedule": scheduled(query.schedules.filter(owner=user).first()),
        }
        return Response(body)


def scheduled(row: Schedule | None) -> dict[str, Any] | None:
    if row is None:
        return None
    last = None if row.last_id is None else str(row.last_id)
    return {"times": row.times, "purpose": row.purpose, "next_at": row.next_at, "note": row.note, "last": last}


class Budget(APIView):
    permission_classes = [Queries]

    @extend_schema(
        operation_id="queries_budget",
        description="How long your queries have kept the stores at work today, of how many seconds.",
        responses=shapes.BudgetShape,
    )
    def get(self, request: Request) -> Response:
        found = budget_of(person(request))
        return Response({"used": found.used, "whole": found.whole, "left": found.left})
