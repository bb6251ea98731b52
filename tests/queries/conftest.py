from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.governed import ana, governed
from tests.runs.processes import Celery

__all__ = ["ana", "governed"]


@pytest.fixture
def worker(live_db: None, tmp_path: Path) -> Iterator[Celery]:
    """One worker, as `make up` starts it."""
    found = Celery(tmp_path)
    found.worker()
    yield found
    found.stop()


@pytest.fixture(autouse=True)
def results_dir(settings, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    settings.RESULTS_DIR = tmp_path / "results"
