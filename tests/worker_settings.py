"""The settings of the worker processes of the tests: the portal's, plus the steps of `tests/runs/steps.py`."""

from portal.settings import *  # noqa: F403
from portal.settings import STEP_KINDS
from tests.runs.steps import KINDS

STEP_KINDS = {**STEP_KINDS, **KINDS}
