"""The moves of runs and steps, each with the word the audit trail keeps for it."""

from portal.audit.actions import Action
from portal.runs.types import State
from portal.workflow import Workflow

QUEUED, RUNNING, WAITING = State.QUEUED, State.RUNNING, State.WAITING
DONE, FAILED, CANCELLED, SKIPPED = State.DONE, State.FAILED, State.CANCELLED, State.SKIPPED

ACTIVE = (QUEUED, RUNNING, WAITING)
ENDED = (DONE, FAILED, CANCELLED)

_END_RUN: dict[str, Action] = {DONE: Action.RUN_FINISHED, FAILED: Action.RUN_FINISHED, CANCELLED: Action.RUN_CANCELLED}
RUN = Workflow(
    "run",
    {
        QUEUED: {RUNNING: Action.RUN_MOVED, WAITING: Action.RUN_MOVED, **_END_RUN},
        RUNNING: {WAITING: Action.RUN_MOVED, **_END_RUN},
        WAITING: {RUNNING: Action.RUN_MOVED, **_END_RUN},
        FAILED: {QUEUED: Action.RUN_RESUMED},
        CANCELLED: {QUEUED: Action.RUN_RESUMED},
    },
)

_AGAIN: dict[str, Action] = {QUEUED: Action.STEP_QUEUED, WAITING: Action.STEP_WAITING}
STEP = Workflow(
    "step",
    {
        WAITING: {
            QUEUED: Action.STEP_QUEUED,
            CANCELLED: Action.STEP_CANCELLED,
            SKIPPED: Action.STEP_SKIPPED,
        },
        QUEUED: {
            RUNNING: Action.STEP_STARTED,
            WAITING: Action.STEP_WAITING,
            CANCELLED: Action.STEP_CANCELLED,
        },
        RUNNING: {
            DONE: Action.STEP_FINISHED,
            FAILED: Action.STEP_FAILED,
            CANCELLED: Action.STEP_CANCELLED,
            **_AGAIN,
        },
        FAILED: _AGAIN,
        CANCELLED: _AGAIN,
        SKIPPED: _AGAIN,
    },
)
