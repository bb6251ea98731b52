"""State machines: the allowed moves are a table, and a move is a conditional UPDATE that counts its rows.

Two people, or two workers, who move the same row at once cannot both succeed: the second one's UPDATE finds no row in
the state it read and raises StaleState. The move's audit event is written in the same transaction.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import models

from portal.audit.actions import Action
from portal.audit.services import record
from portal.audit.types import Actor, Target


class ForbiddenMove(Exception):
    """The table does not have this move."""


class StaleState(Exception):
    """The row is no longer in the state the caller saw. Read it again and decide again."""


@dataclass(frozen=True)
class Workflow:
    """`moves[from][to]` is the word the trail keeps for that move; `kind` is the target's kind there."""

    kind: str
    moves: Mapping[str, Mapping[str, Action]]

    def allows(self, state: str, to: str) -> bool:
        return to in self.moves.get(state, {})


def move(
    workflow: Workflow,
    row: models.Model,
    to: str,
    *,
    actor: Actor,
    detail: Mapping[str, object] | None = None,
    where: Mapping[str, object] | None = None,
    **changes: Any,
) -> None:
    """Moves `row` from the state it was read in to `to`, writes `changes` with it, and records the event.

    `where` are further conditions of the UPDATE. Call it inside a transaction: the event refuses to be written
    outside one. Afterwards `row` carries the new values. Raises ForbiddenMove and StaleState.
    """
    state = str(getattr(row, "state"))  # noqa: B009 - any model with a `state`
    action = workflow.moves.get(state, {}).get(to)
    if action is None:
        raise ForbiddenMove(f"{workflow.kind} {row.pk}: {state} -> {to} is not a move.")
    found = type(row)._default_manager.filter(pk=row.pk, state=state, **(where or {}))
    if found.update(state=to, **changes) != 1:
        raise StaleState(f"{workflow.kind} {row.pk} is no longer {state}.")
    for name, value in {"state": to, **changes}.items():
        setattr(row, name, value)
    record(
        actor=actor,
        action=action,
        target=Target(workflow.kind, str(row.pk), str(row)),
        detail={"from": state, "to": to, **(detail or {})},
    )
