"""What a run or a step says about itself, in a sentence. None of it names another run: see `selectors` for that."""

from collections.abc import Sequence

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


def first_line(text: str, limit: int = 300) -> str:
    """The first line of an error, cut: what fits into a sentence. The log has the rest."""
    line = text.strip().splitlines()[0] if text.strip() else "no reason given"
    return line if len(line) <= limit else line[: limit - 1] + "…"
