"""Runs for the tests, in one line each."""

from typing import Any

from portal.accounts.models import User
from portal.audit.types import Actor
from portal.runs.models import Run
from portal.runs.services import start_run
from portal.runs.types import RunPlan, StepPlan

HOUSE = Actor.system("tests")


def step(key: str, kind: str, after: tuple[str, ...] = (), **fields: Any) -> StepPlan:
    params = {name: fields.pop(name) for name in list(fields) if name not in StepPlan.__dataclass_fields__}
    return StepPlan(key, f"test.{kind}", f"Step {key}", {k: str(v) if k == "marks" else v for k, v in params.items()},
                    after, **fields)  # fmt: skip


def start(*steps: StepPlan, by: User | None = None, **fields: Any) -> Run:
    plan = RunPlan("test", "test", "Test run", steps, **{"permission": "", **fields})
    return start_run(actor=HOUSE, plan=plan, started_by=by)
