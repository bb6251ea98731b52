"""What does not fit arrives as NULL and is told; a row without a usable cursor is left out and told, and breaks
nothing. On real stores."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from django.conf import settings as portal
from django.core import serializers

from apps.pipelines.extraction import rejects
from apps.pipelines.models import Reject
from estate.pipelines.definition import Column, Extract, Pipeline
from portal.audit.services import digest
from portal.stores import open_store
from portal.stores.types import Command, Sql
from tests.pipelines import driver, tiny

TABLE = "public.tiny_moments"
MOMENTS = Extract(
    key="oltp.tiny_moments",
    source="oltp",
    path=("public", "tiny_moments"),
    target=("ANALYTICS", "RAW", "TINY_MOMENTS"),
    columns=(
        Column("id", "ID", "VARCHAR"),
        Column("paid_at", "PAID_AT", "TIMESTAMP_TZ"),
        Column("due", "DUE", "DATE"),
        Column("told", "TOLD", "TIMESTAMP_NTZ"),
        Column("updated_at", "UPDATED_AT", "TIMESTAMP_TZ"),
    ),
)
LOADS = Pipeline("tiny_moments", "Tiny moments", "Loads only.", "tests", (MOMENTS, tiny.VISITS), (), ())
GOOD = "'2026-01-01 00:00+00'"
ROWS = f"""
('good', {GOOD}, '2026-01-02', '0001-01-01', {GOOD}),
('edge', '9999-12-31 23:59:59.999999+00', '9999-12-31', '9999-12-31 23:59:59.999999', {GOOD}),
('never', 'infinity', 'infinity', 'infinity', {GOOD}),
('ever', '-infinity', '-infinity', '-infinity', {GOOD}),
('late', '10000-01-01 00:00+00', '5874897-12-31', '294276-12-31', {GOOD}),
('early', '0001-12-31 23:00:00+00 BC', '4713-01-01 BC', '4713-01-01 BC', {GOOD}),
('lost1@example.com', {GOOD}, '2026-01-02', {GOOD}, 'infinity'),
('lost2', {GOOD}, '2026-01-02', {GOOD}, '-infinity'),
('lost3', {GOOD}, '2026-01-02', {GOOD}, null)
"""


@pytest.fixture(autouse=True)
def sources(live_db: None, mongo: None, warehouse: None, settings, tmp_path) -> Iterator[None]:  # type: ignore[no-untyped-def]
    settings.STAGE_DIR = tmp_path / "stage"  # a run that fails here leaves its files for the next attempt
    settings.PIPELINES = {**portal.PIPELINES, "tiny_moments": "tests.pipelines.test_rejects.LOADS"}
    settings.STEP_KINDS = {**portal.STEP_KINDS, "pipelines.publish": "tests.pipelines.driver.untold"}
    tiny.create()
    owner = open_store("oltp", "owner")
    columns = "id text primary key, paid_at timestamptz, due date, told timestamp, updated_at timestamptz"
    owner.execute(Sql(f"drop table if exists {TABLE}"), Sql(f"create table {TABLE} ({columns})"))
    owner.execute(Sql(f"insert into {TABLE} values {ROWS}"))
    yield
    owner.execute(Sql(f"drop table {TABLE}"))
    open_store("warehouse", "owner").execute(Sql("drop table if exists ANALYTICS.RAW.TINY_MOMENTS"))
    tiny.drop()


def told(run, dataset: str = "oltp.tiny_moments") -> list[tuple[str, str, str]]:  # type: ignore[no-untyped-def]
    found = Reject.objects.filter(receipt__pipeline_run=run, receipt__dataset=dataset)
    return sorted(found.values_list("key", "column", "reason"))


def test_moments_that_nothing_holds_arrive_as_null_and_are_told() -> None:
    run = driver.run("tiny_moments")
    assert run.run.state == "done", run.run.reason
    loaded = {row[0]: row[1:4] for row in tiny.rows_of("RAW.TINY_MOMENTS")}
    assert set(loaded) == {"good", "edge", "never", "ever", "late", "early"}
    assert all(row == ("None", "None", "None") for key, row in loaded.items() if key not in ("good", "edge"))
    assert "None" not in loaded["good"] + loaded["edge"]
    bad = [
        (digest(key), column, "moment")
        for key in ("never", "ever", "late", "early")
        for column in ("PAID_AT", "DUE", "TOLD")
    ]
    lost = [(digest(key), "UPDATED_AT", "cursor") for key in ("lost1@example.com", "lost2", "lost3")]
    assert told(run) == sorted(bad + lost)
    assert driver.receipt(run, "oltp.tiny_moments").rejected == [
        {"column": "DUE", "reason": "moment", "count": 4},
        {"column": "PAID_AT", "reason": "moment", "count": 4},
        {"column": "TOLD", "reason": "moment", "count": 4},
        {"column": "UPDATED_AT", "reason": "cursor", "count": 3},
    ]


def test_a_row_without_a_cursor_neither_breaks_nor_loops_the_next_runs() -> None:
    driver.run("tiny_moments")
    second = driver.run("tiny_moments")
    found = driver.receipt(second, "oltp.tiny_moments")
    assert (second.run.state, found.status) == ("done", "empty")
    assert found.rejected == [{"column": "UPDATED_AT", "reason": "cursor", "count": 3}]


def test_a_table_of_nothing_but_useless_cursors_is_empty_and_told() -> None:
    open_store("oltp", "owner").execute(Sql(f"delete from {TABLE} where id not like 'lost%'"))
    run = driver.run("tiny_moments")
    assert driver.receipt(run, "oltp.tiny_moments").status == "empty"
    assert len(told(run)) == 3


def test_a_retry_says_them_once() -> None:
    run = driver.start("tiny_moments")
    driver.drain(run, until="extract:oltp.tiny_moments")
    before = told(run)
    step = run.run.steps.get(key="extract:oltp.tiny_moments")
    type(step).objects.filter(pk=step.pk).update(state="queued")
    driver.drain(run)
    assert told(run) == before
    assert len(before) == 15


def test_an_attempt_that_lost_its_step_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    from apps.pipelines import receipts

    run = driver.start("tiny_moments")
    with monkeypatch.context() as dies:
        dies.setattr(receipts, "content_hash", lambda files: 1 / 0)
        driver.drain(run)
    assert told(run) == []


def test_documents_that_promise_no_types() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    odd = [
        {"_id": "n1", "score": "five", "updated_at": at},
        {"_id": "n2", "score": 5, "updated_at": at},
        {"_id": "d1", "score": 1, "updated_at": "yesterday"},
        {"_id": "d2", "score": 1, "updated_at": None},
        {"_id": "d3", "score": 1},
    ]
    open_store("documents", "owner").execute(Command({"insert": "tiny_visits", "documents": odd}))
    run = driver.run("tiny_moments")
    assert run.run.state == "done", run.run.reason
    assert {row[0]: row[2] for row in tiny.rows_of("RAW.TINY_VISITS")} == {"n1": "None", "n2": "5"}
    assert told(run, tiny.VISITS.key) == sorted(
        [
            (digest("n1"), "SCORE", "type"),
            *((digest(key), "UPDATED_AT", "cursor") for key in ("d1", "d2", "d3")),
        ]
    )


def test_neither_a_value_nor_a_key_is_kept() -> None:
    run = driver.run("tiny_moments")
    kept = serializers.serialize("json", [*Reject.objects.all(), *run.receipts.all()])
    assert "lost1@example.com" not in kept
    assert "infinity" not in kept


def test_the_list_is_bounded_and_the_count_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rejects, "KEPT", 5)
    run = driver.run("tiny_moments")
    assert len(told(run)) == 5
    assert sum(line["count"] for line in driver.receipt(run, "oltp.tiny_moments").rejected) == 15
