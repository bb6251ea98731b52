"""A worker that is killed again and again, after two pieces of its work, in the stores whose pieces are not those of
PostgreSQL (`test_what_may_go_wrong.py`): what it leaves in the end is what one that was left in peace leaves."""

import os
import signal

import pytest
from django.db import connections

from apps.compliance.subjects import erasure, papers
from apps.compliance.subjects.types import Discovery
from portal.stores import open_store
from portal.stores.registry import close_pools
from portal.stores.types import Command, Sql
from tests.compliance.subjects import asks, town
from tests.compliance.subjects.test_one_person import HER_ROWS

WAREHOUSE = (*(each.target[-1] for each in town.EXTRACTS), *town.BUILT)
MOST = 40


def test_killed_again_and_again_it_ends_where_one_in_peace_ends(loaded: None, monkeypatch: pytest.MonkeyPatch) -> None:
    before = town.everything()
    found = asks.found(town.ANN, "ann")
    keep_warehouse()
    asks.erased(found)
    wanted = town.everything()
    put_back()
    assert town.everything() != wanted

    monkeypatch.setattr(papers, "BATCH", 1)
    killed = {source: kills_until_done(found, source) for source in ("documents", "warehouse")}
    assert killed["documents"] >= 3, "her documents, two at a time"
    assert killed["warehouse"] >= 3, "tables, two at a time"
    after = town.everything()
    assert after == wanted
    others = [row for rows in town.touched(before, after).values() for row in rows]
    assert not [row for row in others if not any(mark in row for mark in HER_ROWS)]
    scan = asks.again(found.plan, found.trace)
    assert (scan.residues, scan.complete) == ((), True)


def kills_until_done(found: Discovery, source: str) -> int:
    for kills in range(MOST):
        connections.close_all()
        close_pools()  # no connection may be shared by two processes
        pid = os.fork()
        if not pid:
            die_after_two_pieces(found, source)
        status = os.waitpid(pid, 0)[1]
        if not os.WIFSIGNALED(status):
            assert os.WEXITSTATUS(status) == 0, "the worker failed instead of being killed"
            return kills
        assert os.WTERMSIG(status) == signal.SIGKILL
    raise AssertionError("a killed worker's work was not there for the next one")


def die_after_two_pieces(found: Discovery, source: str) -> None:
    """In the child: SIGKILL when the second piece was done. What was done before leaves nothing to do."""
    pieces: set[int] = set()

    def progress(done: int) -> None:
        pieces.add(done)
        if len(pieces - {0}) == 2:
            os.kill(os.getpid(), signal.SIGKILL)

    failed = 1
    try:
        erasure.erase(plan=found.plan, trace=found.trace, source=source, check=asks.go_on, progress=progress)
        failed = 0
    finally:
        os._exit(failed)


def keep_warehouse() -> None:
    warehouse = open_store("warehouse", "owner")
    warehouse.execute(Sql("create schema if not exists ANALYTICS.TOWN_KEPT"))
    for name in WAREHOUSE:
        warehouse.execute(
            Sql(f"create or replace table ANALYTICS.TOWN_KEPT.{name} as select * from ANALYTICS.TOWN.{name}")
        )


def put_back() -> None:
    warehouse, documents = open_store("warehouse", "owner"), open_store("documents", "owner")
    for name in WAREHOUSE:
        warehouse.execute(Sql(f"delete from ANALYTICS.TOWN.{name}"))
        warehouse.execute(Sql(f"insert into ANALYTICS.TOWN.{name} select * from ANALYTICS.TOWN_KEPT.{name}"))
    warehouse.execute(Sql("drop schema ANALYTICS.TOWN_KEPT cascade"))
    for name, listed in (("town_sessions", town.SESSIONS), ("town_logs", town.LOGS)):
        documents.execute(Command({"delete": name, "deletes": [{"q": {}, "limit": 0}]}))
        documents.execute(Command({"insert": name, "documents": listed}))
