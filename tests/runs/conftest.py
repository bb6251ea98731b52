from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings as portal

from portal.runs.models import Pool
from tests.runs.processes import Celery, running, sweeping
from tests.runs.steps import KINDS


@pytest.fixture(autouse=True)
def kinds(settings) -> None:  # type: ignore[no-untyped-def]
    settings.STEP_KINDS = {**portal.STEP_KINDS, **KINDS}


@pytest.fixture(autouse=True)
def plain_static_files(settings) -> None:  # type: ignore[no-untyped-def]
    """Pages are rendered without collecting static files first."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**portal.STORAGES, "staticfiles": plain}


@pytest.fixture(autouse=True)
def narrow(any_db: None) -> None:
    """A pool of one."""
    Pool.objects.get_or_create(name="narrow", defaults={"size": 1})


@pytest.fixture
def marks(tmp_path: Path) -> Path:
    return tmp_path / "marks"


@pytest.fixture
def swept(live_db: None) -> Iterator[None]:
    with sweeping():
        yield


@pytest.fixture
def celery(swept: None, tmp_path: Path) -> Iterator[Celery]:
    """Starts workers on demand; kills what is left of them."""
    with running(Celery(tmp_path)) as found:
        yield found


@pytest.fixture(scope="module")
def one_worker(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Celery]:
    with running(Celery(tmp_path_factory.mktemp("worker"))) as found:
        found.worker()
        yield found


@pytest.fixture
def worker(one_worker: Celery, swept: None) -> Celery:
    """One worker for all tests of a file: for those that leave it alive."""
    return one_worker


@pytest.fixture(scope="module")
def two_workers(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Celery]:
    with running(Celery(tmp_path_factory.mktemp("workers"))) as found:
        found.workers("one", "two")
        yield found


@pytest.fixture
def workers(two_workers: Celery, swept: None) -> Celery:
    return two_workers
