"""What a run or a step says about itself, in a sentence. None of it names another run: see `selectors` for that."""

from collections.abc import Sequence
from dataclasses import dataclass

from portal.runs.models import Run, Step
from portal.runs.types import State


def ending(run: Run, steps: Sequence[Step]) -> str:
    """`failed in dbt build: test unique_charge_id; 3 later steps skipped`; empty for a run that is done."""
    broken = next((step for step in steps if step.state == State.FAILED), None)
    skipped = sum(step.state in (State.SKIPPED, State.CANCELLED) for step in steps)
    if broken is not None:
        return f"failed in {broken.title}: {broken.reason}" + _later(skipped)
    if any(step.state == State.CANCELLED for step in steps):
        done = sum(step.state == State.DONE for step in steps)
        by = f" by {run.cancelled_by}" if run.cancelled_by else ""
        return f"cancelled{by} after {done} of {len(steps)} steps"
    return ""


def _later(skipped: int) -> str:
    return "" if not skipped else f"; {skipped} later step{'s' if skipped > 1 else ''} skipped"


def counted(number: int, noun: str) -> str:
    """`1 row`, `1,204 rows`"""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def first_line(text: str, limit: int = 300) -> str:
    """The first line of an error, cut: what fits into a sentence. The log has the rest."""
    line = text.strip().splitlines()[0] if text.strip() else "no reason given"
    return line if len(line) <= limit else line[: limit - 1] + "…"


@dataclass(frozen=True)
class Rerun:
    """What a resume would run. `seconds` is None where a step never succeeded before."""

    steps: int
    seconds: float | None

    def __str__(self) -> str:
        about = "" if self.seconds is None else f", about {duration(self.seconds)}"
        return f"{self.steps} step{'s' if self.steps != 1 else ''}{about}"


def duration(seconds: float) -> str:
    """`0.4 s`, `42 s`, `3 min 20 s`, `2 h 5 min`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def tell(run: Run, steps: Sequence[Step], rerun: Rerun | None) -> str:
    done = sum(step.state == State.DONE for step in steps)
    if run.state == State.DONE and run.finished_at and run.started_at:
        return f"{counted(len(steps), 'step')} done in {duration((run.finished_at - run.started_at).total_seconds())}"
    if run.state == State.RUNNING:
        now = ", ".join(step.title for step in steps if step.state == State.RUNNING) or "the next step starts"
        return f"{now} ({done} of {counted(len(steps), 'step')} done)"
    if rerun is not None:
        return f"{run.reason}; smallest re-run: {rerun}"
    return run.reason
