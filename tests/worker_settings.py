"""The settings of the worker processes of the tests: the portal's, plus the steps of `tests/runs/steps.py` and the
pipelines of `tests/pipelines/tiny.py`."""

from portal.settings import *  # noqa: F403
from portal.settings import PIPELINES, STEP_KINDS
from tests.pipelines import tiny
from tests.runs.steps import KINDS

STEP_KINDS = {**STEP_KINDS, **KINDS}
PIPELINES = {**PIPELINES, **tiny.PIPELINES}
