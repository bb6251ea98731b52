"""Executions for scripts and for the console's grid."""

import math
import re
import uuid
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import NotFound, ParseError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.queries import api_shapes as shapes
from apps.queries import selectors, services
from apps.queries.models import Execution
from apps.queries.parameters import TYPES, Typed, Unfit
from apps.queries.results import LARGEST_PAGE
from apps.queries.types import PLAIN, AnswerColumn, Page, View
from apps.queries.viewing import BadView
from portal.accounts.models import User
from portal.accounts.selectors import current_purpose
from portal.audit.types import Actor
from portal.runs.models import Run
from portal.runs.services import wait_for

WAIT_S = 10
PAGE_SIZE = 1000
LONGEST_FILTER = 200
# JSON may escape one, but no text in UTF-8 can hold it: neither the digest nor the store could be given it.
LONE_SURROGATE = re.compile("[\ud800-\udfff]")


class Malformed(ParseError):
    """400 that names the field."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__({"field": field, "message": message})


class Executions(APIView):
    """`POST {"source", "text", "parameters": {"country": "DE", "day": {"type": "date", "value": "2026-01-31"}}}`: 200
    done or failed, 202 still at work, 422 refused."""

    @extend_schema(
        operation_id="queries_run",
        description="Runs a query under your masks. Waits up to 10 s for it; 202 means that it is still at work.",
        request=shapes.Query,
        responses={200: shapes.Answer, 202: shapes.Answer, 422: shapes.Answer},
    )
    def post(self, request: Request) -> Response:
        body = bodied(request)
        user = person(request)
        try:
            execution = services.start_execution(
                actor=Actor.of(user),
                user=user,
                purpose=current_purpose(request),
                source=text_field(body, "source"),
                text=text_field(body, "text"),
                typed=typed_field(body),
            )
        except Unfit as unfit:
            raise Malformed(f"parameters.{unfit.name}", unfit.message) from None
        if execution.run_id is not None:
            wait_for(Run(pk=execution.run_id), WAIT_S)
            execution.refresh_from_db()
        return answer(execution, 1, PAGE_SIZE)


class OneExecution(APIView):
    """`GET ?page=1&page_size=1000&sort=2&desc=1&filter.0=>=10`: columns by their number, from 0; `found` rows are left
    by the filters. Another person's id is 404. `DELETE` cancels what has not ended."""

    @extend_schema(
        operation_id="queries_result",
        description="A page of the masked result. `filter.0`, `filter.1`, ... filter columns by their number: `>=10`, "
        "`=paid`, or any text that is looked for in what is shown.",
        parameters=[
            OpenApiParameter("page", int),
            OpenApiParameter("page_size", int),
            OpenApiParameter("sort", int, description="Column by its number, from 0."),
            OpenApiParameter("desc", int, enum=[0, 1]),
        ],
        responses=shapes.Answer,
    )
    def get(self, request: Request, execution: uuid.UUID) -> Response:
        page = number(request, "page", 1, 1_000_000)
        size = number(request, "page_size", PAGE_SIZE, LARGEST_PAGE)
        try:
            response = answer(own(request, execution), page, size, view_in(request))
        except BadView as bad:
            raise Malformed(bad.field, bad.message) from None
        response.status_code = 200 if response.status_code == 202 else response.status_code
        return response

    @extend_schema(
        operation_id="queries_cancel",
        description="Stops it in the queue or in the store. One that has ended stays as it ended.",
        responses={200: shapes.Cancelled},
    )
    def delete(self, request: Request, execution: uuid.UUID) -> Response:
        row = own(request, execution)
        services.cancel_execution(actor=Actor.of(person(request)), execution=row)
        row.refresh_from_db()
        return Response({"id": str(row.pk), "status": row.status})


def bodied(request: Request) -> dict[str, Any]:
    if not isinstance(request.data, dict):
        raise Malformed("", "Send a JSON object with “source” and “text”.")
    return request.data


def person(request: Request) -> User:
    assert isinstance(request.user, User)
    return request.user


def own(request: Request, execution: uuid.UUID) -> Execution:
    try:
        return selectors.execution_of(person(request), execution)
    except Execution.DoesNotExist:
        raise NotFound("There is no such execution.") from None


def text_field(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value.strip():
        raise Malformed(name, f"“{name}” must be a text.")
    if "\0" in value:
        raise Malformed(name, f"“{name}” holds the character U+0000.")
    if LONE_SURROGATE.search(value):
        raise Malformed(name, f"“{name}” holds half a character (U+D800 to U+DFFF).")
    return value


def typed_field(body: dict[str, Any]) -> dict[str, Typed]:
    given = body.get("parameters", {})
    if not isinstance(given, dict):
        raise Malformed("parameters", "“parameters” must be an object.")
    return {name: typed(name, value) for name, value in given.items()}


def typed(name: str, value: Any) -> Typed:
    """A JSON text, number or truth value says its own type; `{"type", "value"}` names one."""
    if isinstance(value, dict) and set(value) == {"type", "value"} and value["type"] in TYPES:
        kind, value = value["type"], value["value"]
    else:
        kind = {bool: "boolean", int: "integer", float: "decimal"}.get(type(value), "text")
    if not isinstance(value, str | int | float):
        raise Malformed(f"parameters.{name}", "Give a text, a number, true or false, or {“type”, “value”}.")
    text = f"{Decimal(str(value)):f}" if isinstance(value, float) and math.isfinite(value) else str(value)
    if LONE_SURROGATE.search(text):
        raise Malformed(f"parameters.{name}", "It holds half a character (U+D800 to U+DFFF).")
    return Typed(name, kind, text)


def number(request: Request, name: str, default: int, most: int) -> int:
    value = request.query_params.get(name, str(default))
    if not value.isascii() or not value.isdigit() or not 1 <= int(value) <= most:
        raise Malformed(name, f"“{name}” must be a whole number from 1 to {most}.")
    return int(value)


def view_in(request: Request) -> View:
    """How the rows are to be looked at. Raises Malformed."""
    sort = request.query_params.get("sort", "")
    filters = []
    for field, value in request.query_params.items():
        text = str(value)
        if field.startswith("filter.") and text.strip():
            filters.append((place(field.removeprefix("filter."), field), text[:LONGEST_FILTER]))
    return View(place(sort, "sort") if sort else None, request.query_params.get("desc") == "1", tuple(filters))


def place(value: str, field: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) < 6):
        raise Malformed(field, "Name a column by its number, from 0.")
    return int(value)


def next_of(page: Page, view: View) -> dict[str, Any]:
    sort = {} if view.sort is None else {"sort": view.sort, "desc": int(view.descending)}
    filters = {f"filter.{number}": text for number, text in view.filters}
    return {"page": page.next, "page_size": page.size, **sort, **filters}


def answer(execution: Execution, page: int, size: int, view: View = PLAIN) -> Response:
    row = services.settle_with_run(execution=execution)
    outcome = selectors.outcome_of(row)
    found = selectors.page_of(row, page, size, view)
    here = reverse("queries-api:execution", args=[row.pk])
    body = {
        "id": str(row.pk),
        "status": row.status,
        "columns": [told(column) for column in outcome.columns],
        "rows": found.rows,
        "row_count": row.row_count,
        "truncated": row.truncated,
        "next": f"{here}?{urlencode(next_of(found, view))}" if found.next else None,
        "found": found.total,
        "closed": found.closed or None,
        "notes": list(outcome.notes),
        "refusal": outcome.refusal,
        "error": {"message": row.error} if row.error else None,
    }
    return Response(body, status=status_of(row))


def told(column: AnswerColumn) -> dict[str, Any]:
    return {
        "name": column.name,
        "type": column.type,
        "masked": column.masked,
        "masking": column.masking,
        "reason": column.reason,
        "rule": column.rule,
        "approver": column.approver,
        "subject": column.subject,
    }


def status_of(row: Execution) -> int:
    if row.status == Execution.Status.REFUSED:
        return 422
    return 200 if row.ended else 202
