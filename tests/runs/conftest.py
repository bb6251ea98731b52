from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings as portal

from portal.runs.models import Pool
from tests.runs.processes import Celery
from tests.runs.steps import KINDS


@pytest.fixture(autouse=True)
def kinds(settings) -> None:  # type: ignore[no-untyped-def]
    # Pages are rendered without collecting static files first.
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**portal.STORAGES, "staticfiles": plain}
    settings.STEP_KINDS = {**portal.STEP_KINDS, **KINDS}


@pytest.fixture
def marks(tmp_path: Path) -> Path:
    return tmp_path / "marks"


@pytest.fixture
def celery(live_db: None, tmp_path: Path) -> Iterator[Celery]:
    """Starts workers and schedulers on demand; kills what is left of them."""
    found = Celery(tmp_path)
    yield found
    found.stop()


@pytest.fixture
def worker(celery: Celery) -> Celery:
    """One worker and the scheduler, as `make up` starts them."""
    celery.beat()
    celery.worker()
    return celery


@pytest.fixture(autouse=True)
def narrow(any_db: None) -> None:
    """A pool of one."""
    Pool.objects.get_or_create(name="narrow", defaults={"size": 1})
