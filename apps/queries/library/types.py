"""What is agreed about an approved query, and the moves of an entry."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from apps.queries.parameters import Typed
from apps.queries.roles import QUERIERS
from portal.accounts.types import PURPOSES, Purpose, Role
from portal.audit.actions import Action
from portal.workflow import Workflow

KIND = "library_entry"
ABOUT, SHORTEST_WORDS, LONGEST_WORDS = 300, 10, 1_000  # characters
REVIEWERS = (Role.STEWARD, Role.OFFICER)  # who answers for meanings, and who answers for rules


class State(StrEnum):
    PROPOSED = "proposed"
    APPROVED = "approved"
    SENT_BACK = "sent_back"
    WITHDRAWN = "withdrawn"
    QUARANTINED = "quarantined"
    RETIRED = "retired"


LIVE = (State.APPROVED, State.QUARANTINED)
ENTRY = Workflow(
    KIND,
    {
        State.PROPOSED: {
            State.APPROVED: Action.LIBRARY_APPROVED,
            State.SENT_BACK: Action.LIBRARY_SENT_BACK,
            State.WITHDRAWN: Action.LIBRARY_WITHDRAWN,
        },
        State.APPROVED: {State.QUARANTINED: Action.LIBRARY_QUARANTINED, State.RETIRED: Action.LIBRARY_RETIRED},
        State.QUARANTINED: {State.APPROVED: Action.LIBRARY_APPROVED, State.RETIRED: Action.LIBRARY_RETIRED},
    },
)


class Topic(StrEnum):
    REVENUE = "revenue"
    AUTHORISATION = "authorisation"
    DISPUTES = "disputes"
    COHORTS = "cohorts"
    FRAUD = "fraud"
    FUNNEL = "funnel"
    FEEDBACK = "feedback"
    SESSIONS = "sessions"
    OPERATIONS = "operations"


class Invalid(Exception):
    """What was asked cannot be; the message says what to change."""


@dataclass(frozen=True)
class Audience:
    """For whom: a role, acting for one of its purposes."""

    role: Role
    purpose: Purpose

    @property
    def key(self) -> str:
        return f"{self.role}:{self.purpose}"

    def __str__(self) -> str:
        return f"{self.role.label}, for {self.purpose.label}"


AUDIENCE_CHOICES = tuple(Audience(role, purpose) for role in QUERIERS for purpose in PURPOSES[role])


@dataclass(frozen=True)
class Content:
    """What an entry seals: all of it was typed by somebody. `parameters`: name to kind and first value."""

    title: str
    about: str
    text: str
    parameters: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def typed(self) -> dict[str, Typed]:
        return {name: Typed(name, kind, value) for name, (kind, value) in self.parameters.items()}


@dataclass(frozen=True)
class AgreedColumn:
    """`masking` is "no", "yes" or "partly"; `mask` the kind; `how` what it leaves, in words."""

    name: str
    masking: str
    mask: str = ""
    how: str = ""
    origins: tuple[str, ...] = ()


@dataclass(frozen=True)
class Contract:
    """What the audience is given. `rows` and `size` (bytes) bound what the catalog may count of the datasets read."""

    columns: tuple[AgreedColumn, ...]
    datasets: tuple[int, ...]
    names: tuple[str, ...]
    notes: tuple[str, ...]
    rows: int
    size: int


@dataclass(frozen=True)
class Basis:
    """What a check rests on: it is repeated when any of it differs. `sight` stands for the datasets that the audience
    may know of: the gate's answer changes with it, and no revision does."""

    policy_version: int
    schema_revision: int
    sight: str
