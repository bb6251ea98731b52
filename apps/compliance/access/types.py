"""What is asked, and the moves of a request."""

from dataclasses import dataclass
from enum import StrEnum

from portal.audit.actions import Action
from portal.workflow import Workflow

KIND = "access_request"
LONGEST_REASON, SHORTEST_REASON = 1_000, 10  # characters


class State(StrEnum):
    OPEN = "open"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


REQUEST = Workflow(
    KIND,
    {
        State.OPEN: {
            State.APPROVED: Action.ACCESS_APPROVED,
            State.REFUSED: Action.ACCESS_REFUSED,
            State.WITHDRAWN: Action.ACCESS_WITHDRAWN,
        }
    },
)


class Invalid(Exception):
    """What was asked cannot be; `field` is where to change it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


@dataclass(frozen=True)
class Ask:
    """`column` empty: the whole dataset. `days` is not read in an emergency, which lasts hours."""

    column: str
    purpose: str
    days: str
    reason: str
    emergency: bool = False
