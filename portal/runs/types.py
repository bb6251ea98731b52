"""What crosses the border of durable runs: a plan goes in, a step sees its context, an outcome comes out."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol


class State(StrEnum):
    """States of runs and steps; attempts use running, done, failed, cancelled."""

    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"  # always with its reason
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"


class Wait(StrEnum):
    """What a waiting step waits for."""

    DEPENDENCY = "dependency"
    POOL = "pool"
    RETRY = "retry"
    STEP = "step"  # the step said so: StepWaits
    STORE = "store"


@dataclass(frozen=True)
class StepPlan:
    """`kind` is a key of `settings.STEP_KINDS`; `params` holds ids and names, never a person's values.

    `max_attempts` counts failures, dead workers included; 1 means that the step is never tried again. `queue` is
    "steps", or "queries" for what a person sits and waits for.
    """

    key: str
    kind: str
    title: str
    params: Mapping[str, Any] = field(default_factory=dict)
    after: tuple[str, ...] = ()
    pool: str = ""  # name of a concurrency pool; empty: none
    max_attempts: int = 4
    timeout_s: int = 3600
    queue: str = "steps"


@dataclass(frozen=True)
class RunPlan:
    """`permission` is "app_label.codename", checked for the object (or globally) before anyone is shown the run.

    The object is the one whose primary key is `subject_id`. Whoever started the run sees it too; with an empty
    `permission` nobody else does. `control` is the permission to cancel and resume it, for others than the starter
    and holders of `runs.control_run`.
    """

    kind: str  # "pipeline", "query", "catalog_sync", ...
    name: str  # "payments_elt"
    title: str
    steps: tuple[StepPlan, ...]
    permission: str
    subject_kind: str = ""  # what the run is about, for links back: "pipeline", "execution"
    subject_id: str = ""
    trigger: str = "manual"  # "manual", "schedule", "api", "command"
    control: str = ""


@dataclass(frozen=True)
class Outcome:
    """What a step leaves behind. `output` is small JSON that later steps read as `context.inputs[key]`."""

    summary: str
    counts: Mapping[str, int] = field(default_factory=dict)
    output: Mapping[str, Any] = field(default_factory=dict)


class StepFailed(Exception):
    """The step cannot succeed as it is; `retryable` says whether trying again may help."""

    def __init__(self, message: str, *, retryable: bool = False) -> None:
        super().__init__(message)
        self.retryable = retryable


class StepWaits(Exception):
    """The step cannot go on yet, and says what it waits for; asked again after `retry_after_s`."""

    def __init__(self, reason: str, *, retry_after_s: int = 10) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after_s = retry_after_s


class StepCancelled(Exception):
    """Raised inside a step at the next `check()` after somebody cancelled the run."""


class LeaseLost(Exception):
    """This attempt no longer owns the step: another took over. Nothing it writes may count."""


# A line of a child's output -> (level, text) for the log, or None for what nobody needs, or may, read.
LineReader = Callable[[str], tuple[str, str] | None]


class StepContext(Protocol):
    run_id: int
    step_id: int
    step_key: str
    attempt: int
    params: Mapping[str, Any]
    inputs: Mapping[str, Mapping[str, Any]]  # outputs of the steps in `after`, by key
    actor_id: int | None  # the person who started the run

    def log(self, message: str, *, level: str = "info") -> None:
        """One line that reaches the page while the step works. Never a person's values."""

    def progress(self, done: int, total: int | None = None, unit: str = "rows") -> None: ...

    def check(self) -> None:
        """Raises StepCancelled or LeaseLost. Call it between batches."""

    def on_cancel(self, callback: Callable[[], None]) -> None:
        """Called from another thread when the run is cancelled, e.g. `store.cancel`."""

    def fenced(self) -> AbstractContextManager[None]:
        """A transaction on the portal's database that commits only while this attempt owns the step (row lock on
        the step, attempt number compared). Every receipt and outcome is written inside one. Raises LeaseLost."""

    def run_process(
        self,
        args: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        cwd: str | None = None,
        line: LineReader | None = None,
    ) -> int:
        """Runs a child that dies with its worker; its lines go to the log, as `line` tells them if there is one;
        cancel reaches it. Returns its exit code."""


StepFunction = Callable[[StepContext], Outcome]
