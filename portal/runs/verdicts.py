"""What an attempt's end means for its step: decided here, without a database, and written down by `settle`."""

import traceback
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from django.conf import settings
from django.db import InterfaceError, OperationalError

from portal.runs.sentences import first_line
from portal.runs.types import LeaseLost, Outcome, StepCancelled, StepFailed, StepWaits, Wait
from portal.stores.types import StoreError


class Stop(StrEnum):
    """Why an attempt was told to stop."""

    CANCEL = "the run was cancelled"
    TIMEOUT = "the step took too long"
    WORKER = "the worker is being stopped"
    LEASE = "another attempt took over"


class End(StrEnum):
    DONE = "done"
    FAILED = "failed"
    WAITS = "waits"
    CANCELLED = "cancelled"
    GIVEN_BACK = "given back"
    LOST = "lost"


@dataclass(frozen=True)
class Verdict:
    end: End
    reason: str = ""
    retryable: bool = False
    wait: Wait = Wait.STEP
    after_s: float = 0
    outcome: Outcome = field(default_factory=lambda: Outcome(""))


def judge(error: BaseException | None, outcome: Outcome | None, stop: Stop | None, *, timeout_s: int) -> Verdict:
    """A step that finished its work has done it, whatever it was told meanwhile; the fence still has the last word.

    One that was told to stop may end in any error (an interrupted driver's, say): then the telling explains the end.
    """
    if error is None:
        if isinstance(outcome, Outcome):
            return Verdict(End.DONE, outcome=outcome)
        return Verdict(End.FAILED, "the step returned no outcome")
    if stop is Stop.LEASE or isinstance(error, LeaseLost):
        return Verdict(End.LOST, str(Stop.LEASE))
    if stop is not None:
        return {
            Stop.CANCEL: Verdict(End.CANCELLED, str(Stop.CANCEL)),
            Stop.TIMEOUT: Verdict(End.FAILED, f"took longer than {timeout_s} s", retryable=True),
            Stop.WORKER: Verdict(End.GIVEN_BACK, str(Stop.WORKER)),
        }[stop]
    return _judge_error(error)


def _judge_error(error: BaseException) -> Verdict:
    match error:
        case StepWaits():
            return Verdict(End.WAITS, first_line(error.reason), after_s=error.retry_after_s)
        case StepFailed():
            return Verdict(End.FAILED, first_line(str(error)), retryable=error.retryable)
        case StepCancelled():
            return Verdict(End.CANCELLED, "the step ended itself")
        case StoreError() if error.code == "unreachable":
            return Verdict(End.WAITS, f"store {error.store} is down: {error.public}", True, Wait.STORE)
        case StoreError():
            return Verdict(End.FAILED, f"{error.store}: {error.public}", retryable=error.retryable)
        case OperationalError() | InterfaceError() | ConnectionError() | TimeoutError():
            return Verdict(End.FAILED, withheld(error), retryable=True)
    # KeyboardInterrupt and SystemExit: the worker was told to end in the middle of this.
    end = End.FAILED if isinstance(error, Exception) else End.GIVEN_BACK
    return Verdict(end, withheld(error))


def withheld(error: BaseException) -> str:
    """Kind, code and place of an unexpected error. Its message may quote a person's values, so nobody gets it."""
    code = getattr(error.__cause__ or error, "sqlstate", None)
    kind = f"{type(error).__name__} {code}" if code else type(error).__name__
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if _is_ours(frame.filename)]
    if not frames:
        return kind
    frame = (ours or frames)[-1]
    return f"{kind} in {Path(frame.filename).name}, line {frame.lineno} ({frame.name})"


def _is_ours(filename: str) -> bool:
    return Path(filename).is_relative_to(settings.BASE_DIR) and "site-packages" not in filename
