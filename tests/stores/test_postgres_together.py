"""Several statements in one snapshot, each on a connection of its own."""

import threading
import time
from collections.abc import Iterator
from typing import cast
from uuid import uuid4

import pytest

from portal.stores import open_store
from portal.stores.postgres.pool import READERS
from portal.stores.types import Rows, Snapshots, Sql, StoreError


@pytest.fixture
def store() -> Snapshots:
    return cast(Snapshots, open_store("oltp", "owner"))


@pytest.fixture
def name(store: Snapshots) -> Iterator[str]:
    name = f"t_{uuid4().hex[:12]}"
    store.execute(Sql(f"create table {name} as select n from generate_series(1, 2000) n"))
    yield name
    store.execute(Sql(f"drop table {name}"))


def numbers(rows: Rows) -> list[int]:
    with rows:
        return [number for batch in rows for number in batch.column(0).to_pylist()]


def test_what_is_written_meanwhile_is_in_none_of_them(store: Snapshots, name: str) -> None:
    halves = [Sql(f"select n from {name} where n <= 1000"), Sql(f"select n from {name} where n > 1000")]
    with open_store("oltp", "owner").transaction() as other:
        first, second = store.read_together(halves)
        other.execute(Sql(f"update {name} set n = n + 1000 where n <= 1000"))
    assert numbers(first) == list(range(1, 1001))
    assert sorted(numbers(second)) == list(range(1001, 2001))


def test_a_snapshot_is_joined_though_rows_came_between(store: Snapshots, name: str, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    from portal.stores.postgres.read import PostgresRows

    begin = PostgresRows.begin_shared

    def write_after(self, timeout_s: float, snapshot: str = "") -> str:  # type: ignore[no-untyped-def]
        found = begin(self, timeout_s, snapshot)
        open_store("oltp", "owner").execute(Sql(f"insert into {name} values (0)"))
        return found

    monkeypatch.setattr(PostgresRows, "begin_shared", write_after)
    count = Sql(f"select count(*) from {name}")
    assert [numbers(rows) for rows in store.read_together([count, count])] == [[2000], [2000]]


def test_a_cancel_reaches_every_connection(store: Snapshots) -> None:
    slow = Sql("select n, pg_sleep(0.001) is null from generate_series(1, 1000000) n")
    opened = store.read_together([slow, slow], timeout_s=60)
    started = time.monotonic()
    timer = threading.Timer(0.3, store.cancel)
    timer.start()
    for rows in opened:
        with pytest.raises(StoreError) as refused:
            numbers(rows)
        assert refused.value.code == "cancelled"
    timer.join()
    assert time.monotonic() - started < 5


def test_one_that_cannot_start_closes_the_others(store: Snapshots, name: str) -> None:
    for _ in range(READERS + 1):  # a connection that was not given back would be missed
        with pytest.raises(StoreError) as refused:
            store.read_together([Sql(f"select n from {name}"), Sql(f"select nothing from {name}")])
        assert refused.value.code == "unknown_object"


def test_more_than_the_pool_has_is_refused_and_given_back(store: Snapshots, name: str, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(store._pool.readers, "_wait_seconds", 0.2)  # type: ignore[attr-defined]
    one = Sql(f"select n from {name}")
    with pytest.raises(StoreError) as refused:
        store.read_together([one] * (READERS + 1))
    assert refused.value.code == "busy"
    assert len(numbers(store.read(one))) == 2000


def test_left_early_nothing_reads_on(store: Snapshots) -> None:
    mark = uuid4().hex
    endless = Sql(f"select '{mark}', generate_series(1, 2000000000)")
    for rows in store.read_together([endless, endless], timeout_s=60):
        next(iter(rows))
        rows.close()
    others = "state = 'active' and pid <> pg_backend_pid()"
    active = Sql(f"select count(*) from pg_stat_activity where {others} and query like 'COPY%{mark}%'")
    assert numbers(store.read(active)) == [0]
