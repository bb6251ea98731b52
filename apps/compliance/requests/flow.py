"""The moves of a request, each with the word the audit trail keeps for it."""

from apps.compliance.requests.types import State
from portal.audit.actions import Action
from portal.workflow import Workflow

KIND = "subject_request"

_STOP: dict[str, Action] = {State.REFUSED: Action.SUBJECT_REFUSED, State.CANCELLED: Action.SUBJECT_CANCELLED}
_LOOK: dict[str, Action] = {State.DISCOVERING: Action.SUBJECT_DISCOVERING}
_WORK: dict[str, Action] = {State.RESCANNING: Action.SUBJECT_RESCANNING}
REQUEST = Workflow(
    KIND,
    {
        State.RECEIVED: {State.VERIFIED: Action.SUBJECT_VERIFIED, **_STOP},
        State.VERIFIED: {**_LOOK, **_STOP},
        State.DISCOVERING: {State.DISCOVERED: Action.SUBJECT_DISCOVERED, State.VERIFIED: Action.SUBJECT_NOT_DISCOVERED},
        State.DISCOVERED: {
            State.PLANNED: Action.SUBJECT_PLANNED,
            State.PACKAGING: Action.SUBJECT_PACKAGING,
            **_LOOK,
            **_WORK,  # nothing was found: searched once more, and certified
            **_STOP,
        },
        State.PLANNED: {
            State.APPROVED: Action.SUBJECT_APPROVED,
            State.DISCOVERED: Action.SUBJECT_SENT_BACK,
            **_LOOK,
            **_STOP,
        },
        State.APPROVED: {State.EXECUTING: Action.SUBJECT_EXECUTING, **_LOOK, **_STOP},
        State.EXECUTING: {**_WORK, State.DISCOVERED: Action.SUBJECT_PLAN_STALE},
        State.RESCANNING: {State.COMPLETE: Action.SUBJECT_COMPLETE, State.INCOMPLETE: Action.SUBJECT_INCOMPLETE},
        State.PACKAGING: {State.COMPLETE: Action.SUBJECT_COMPLETE},
        State.INCOMPLETE: {**_LOOK, **_WORK},
    },
)
