"""Two syncs of one source at once, in transactions that commit."""

from datetime import datetime, timedelta
from threading import Barrier, Thread

import pytest
from django.db import connections
from django.utils import timezone

from apps.catalog import services
from apps.catalog.history.models import SchemaChange
from apps.catalog.models import Dataset, Source, SyncRun
from tests.catalog.builders import HOUSE, dataset, info

CUSTOMERS = "payments.public.customers"


@pytest.fixture
def source(live_db: None) -> Source:
    return Source.objects.create(name="oltp", kind="postgres")


def at_once(*looks: tuple[datetime, str]) -> None:
    start = Barrier(len(looks))

    def work(at: datetime, column: str) -> None:
        row = Source.objects.get(name="oltp")
        start.wait()
        services.write_sync(actor=HOUSE, source=row, infos=[info(CUSTOMERS, "id text", column)], started=at)
        connections.close_all()

    threads = [Thread(target=work, args=look) for look in looks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def names() -> set[str]:
    return {column.name for column in dataset("oltp", "customers").columns.filter(retired_at=None)}


def test_whoever_is_second_waits_and_an_older_look_never_overwrites_a_newer(source: Source) -> None:
    now = timezone.now()
    at_once((now, "old text"), (now + timedelta(seconds=1), "new text"))
    assert names() == {"id", "new"}
    assert Dataset.objects.count() == 1
    assert SyncRun.objects.count() == 2


def test_two_that_saw_the_same_write_it_once(source: Source) -> None:
    now = timezone.now()
    at_once((now, "email text"), (now, "email text"))
    assert names() == {"id", "email"}
    assert sorted(run.counts["added"] for run in SyncRun.objects.all()) == [0, 3]
    assert not SchemaChange.objects.exists()
