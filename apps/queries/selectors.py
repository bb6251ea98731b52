"""Executions, which only their owner sees."""

import json
import uuid
from typing import Any

from django.db.models import QuerySet

from apps.catalog.models import Column
from apps.compliance import gate
from apps.compliance.policy.types import Refused
from apps.queries import results
from apps.queries.look_ups.selectors import limits, sought_of
from apps.queries.models import Execution
from apps.queries.parameters import Typed, Unfit, filled
from apps.queries.sealing import Broken, open_sealed
from apps.queries.types import PLAIN, AnswerColumn, Outcome, Page, View
from portal.accounts.models import User
from portal.accounts.selectors import Someone
from portal.accounts.types import Purpose

HISTORY = 30
CHANGED = "This result is closed: what you may see of it has changed since it ran. Run the query again."


def executions_of(person: Someone) -> QuerySet[Execution]:
    if not isinstance(person, User) or not person.is_active:
        return Execution.objects.none()
    return Execution.objects.filter(owner=person)


def execution_of(person: Someone, execution: uuid.UUID) -> Execution:
    """Raises Execution.DoesNotExist for another person's, as for one that is not there."""
    return executions_of(person).get(pk=execution)


def text_of(execution: Execution) -> str:
    return open_sealed(bytes(execution.text), f"text:{execution.pk}").decode()


def typed_of(execution: Execution) -> dict[str, Typed]:
    """What was typed for each parameter."""
    if execution.parameters is None:
        return {}
    body = json.loads(open_sealed(bytes(execution.parameters), f"parameters:{execution.pk}"))
    return {name: Typed(name, kind, value) for name, (kind, value) in body.items()}


def asked_of(execution: Execution) -> str:
    """The text with its parameters filled in: what is decided about. Raises Unfit where an erasure has cut a value."""
    return filled(execution.source, text_of(execution), typed_of(execution))


def outcome_of(execution: Execution) -> Outcome:
    if execution.outcome is None:
        return Outcome()
    body: dict[str, Any] = json.loads(open_sealed(bytes(execution.outcome), f"outcome:{execution.pk}"))
    columns = tuple(AnswerColumn(**column) for column in body["columns"])
    touched = {name: tuple(body.get(name, ())) for name in ("read", "filtered")}
    version = int(body.get("policy_version", 0))
    return Outcome(columns, tuple(body["notes"]), body["rewritten"], body["refusal"], policy_version=version, **touched)


def origin_of(execution: Execution, column: AnswerColumn) -> tuple[int, str] | None:
    """The dataset (its key) and the column in it that a column of an answer was first made of."""
    found = Column.objects.filter(dataset__in=execution.datasets, dataset__retired_at=None, retired_at=None)
    for one in found.select_related("dataset"):
        name = ".".join((*one.dataset.path, one.name))
        if column.subject == f"{execution.source}/{name.replace('.', '/')}":
            return one.dataset_id, one.name
    return None


def closed(execution: Execution) -> str:
    """Why a kept result is not shown any more; empty while it may be. What ran then is decided about again: a grant
    ends, a role is taken, a rule changes, and what was shown under them is shown no longer."""
    if not execution.has_result:
        return ""
    sought = sought_of(execution)
    try:
        text = asked_of(execution) if sought is None else text_of(execution)
    except Unfit:
        return CHANGED
    judgement = gate.judge(
        user=execution.owner,
        purpose=Purpose(execution.purpose),
        source=execution.source,
        text=text,
        limits=None if sought is None else limits(),
        sought=sought,
    )
    if isinstance(judgement.decision, Refused):
        return f"This result is closed: you may not run its query any more. {judgement.decision.message}"
    return "" if judgement.basis == execution.basis else CHANGED


def page_of(execution: Execution, number: int, size: int, view: View = PLAIN) -> Page:
    """The empty page while there is no result, once it was removed, and when it is closed. Raises BadView."""
    if not execution.has_result:
        return Page(number=number, size=size)
    if why := closed(execution):
        return Page(number=number, size=size, closed=why)
    try:
        return results.read_page(execution.pk, number, size, view)
    except (FileNotFoundError, Broken):
        return Page(number=number, size=size)


def history_of(person: Someone) -> list[tuple[Execution, str]]:
    """The person's last executions with the first line of each text."""
    return [(row, first_line(text_of(row))) for row in executions_of(person)[:HISTORY]]


def first_line(text: str) -> str:
    """How a text begins, in one line: a formatted one says little in its first."""
    line = " ".join(text.split())
    return line if len(line) <= 90 else f"{line[:89]}…"
