"""Executions, which only their owner sees."""

import json
import uuid
from typing import Any

from django.db.models import QuerySet

from apps.queries import results
from apps.queries.models import Execution
from apps.queries.sealing import Broken, open_sealed
from apps.queries.types import AnswerColumn, Outcome, Page
from portal.accounts.models import User
from portal.accounts.selectors import Someone

HISTORY = 30


def executions_of(person: Someone) -> QuerySet[Execution]:
    if not isinstance(person, User) or not person.is_active:
        return Execution.objects.none()
    return Execution.objects.filter(owner=person)


def execution_of(person: Someone, execution: uuid.UUID) -> Execution:
    """Raises Execution.DoesNotExist for another person's, as for one that is not there."""
    return executions_of(person).get(pk=execution)


def text_of(execution: Execution) -> str:
    return open_sealed(bytes(execution.text), f"text:{execution.pk}").decode()


def outcome_of(execution: Execution) -> Outcome:
    if execution.outcome is None:
        return Outcome()
    body: dict[str, Any] = json.loads(open_sealed(bytes(execution.outcome), f"outcome:{execution.pk}"))
    columns = tuple(AnswerColumn(**column) for column in body["columns"])
    return Outcome(columns, tuple(body["notes"]), body["rewritten"], body["refusal"])


def page_of(execution: Execution, number: int, size: int) -> Page:
    """The empty page while there is no result, and once it was removed."""
    if not execution.has_result:
        return Page(number=number, size=size)
    try:
        return results.read_page(execution.pk, number, size)
    except (FileNotFoundError, Broken):
        return Page(number=number, size=size)


def history_of(person: Someone) -> list[tuple[Execution, str]]:
    """The person's last executions with the first line of each text."""
    return [(row, first_line(text_of(row))) for row in executions_of(person)[:HISTORY]]


def first_line(text: str) -> str:
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return line if len(line) <= 90 else f"{line[:89]}…"
