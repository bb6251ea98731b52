"""Extract and load against real stores, without dbt. Each test has the table and the collection to itself."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings as portal

from apps.pipelines.models import Cursor, LoadReceipt
from portal.audit.models import Event
from portal.runs.models import LogLine
from portal.stores import open_store
from portal.stores.types import Command, Sql
from tests.pipelines import driver, tiny

RAW = tiny.TABLES[:2]


@pytest.fixture(autouse=True)
def sources(live_db: None, mongo: None, warehouse: None, settings) -> Iterator[None]:  # type: ignore[no-untyped-def]
    settings.PIPELINES = {**portal.PIPELINES, **tiny.PIPELINES}
    settings.STEP_KINDS = {**portal.STEP_KINDS, "pipelines.publish": "tests.pipelines.driver.untold"}
    tiny.create()
    tiny.add_orders(0, 300)
    tiny.add_visits(0, 120)
    yield
    tiny.drop()


def log_of(run) -> str:  # type: ignore[no-untyped-def]
    return "\n".join(LogLine.objects.filter(run=run.run_id).order_by("id").values_list("text", flat=True))


def test_everything_arrives_as_it_was() -> None:
    run = driver.run("tiny_loads")
    assert run.run.state == "done", log_of(run)
    orders = tiny.rows_of("RAW.TINY_ORDERS")
    assert len(orders) == 300
    row = orders[5]
    assert row[:5] == ("o00000005", "p5@example.com", "35", "JPY", "10.0.0.5")
    visits = {row[0]: row for row in tiny.rows_of("RAW.TINY_VISITS")}
    assert len(visits) == 120
    assert visits["v7"][2] == "None"  # "five" is no number
    assert "alone" in visits["v3"][3]  # a text where others have an array is still JSON
    assert "SCORE: 2 values that do not fit its type, loaded as NULL." in log_of(run)


def test_what_a_load_leaves_behind() -> None:
    run = driver.run("tiny_loads")
    found = driver.receipt(run)
    assert (found.status, found.extracted_rows, found.loaded_rows, found.known_rows) == ("loaded", 300, 300, 0)
    assert len(found.content_hash) == 64
    assert not any(Path(portal.STAGE_DIR).rglob("*.parquet")), "staged files are removed once receipted"
    assert found.staged.filter(removed_at=None).count() == 0
    told = Event.objects.filter(target_id=found.label).order_by("at").values_list("action", flat=True)
    assert list(told) == ["pipelines.load_intended", "pipelines.load_receipted"]
    store = open_store("warehouse", "loader")
    with store.read(
        Sql("select STATE, ADDED_ROWS from ANALYTICS.RAW._PORTICO_LOADS where LABEL = %s", (found.label,))
    ) as rows:
        assert [tuple(row.values()) for batch in rows for row in batch.to_pylist()] == [("loaded", 300)]
    assert not any("LANDING" in info.path[-1] for info in store.introspect(namespaces=["RAW"]))


def test_nothing_personal_reaches_the_log_or_the_trail() -> None:
    run = driver.run("tiny_loads")
    assert "@example.com" not in log_of(run)
    assert not Event.objects.filter(payload__contains="@example.com").exists()


def test_the_second_run_finds_nothing_new() -> None:
    driver.run("tiny_loads")
    before = tiny.fingerprint(*RAW)
    second = driver.run("tiny_loads")
    assert {found.status for found in second.receipts.all()} == {"empty"}
    assert tiny.fingerprint(*RAW) == before


def test_only_what_changed_is_read_and_both_versions_stay() -> None:
    driver.run("tiny_loads")
    tiny.add_orders(300, 5, at=tiny.START + timedelta(days=1))
    open_store("oltp", "owner").execute(
        Sql("update public.tiny_orders set amount = 1, updated_at = now() where id = 'o00000001'")
    )
    found = driver.receipt(driver.run("tiny_loads"))
    assert (found.extracted_rows, found.loaded_rows) == (6, 6)
    assert [row[2] for row in tiny.rows_of("RAW.TINY_ORDERS") if row[0] == "o00000001"] == ["1", "7"]


def test_a_row_committed_late_is_not_lost_and_nothing_doubles() -> None:
    """Its writer took the timestamp before the first run and committed after it."""
    now = datetime.now(UTC)
    tiny.add_orders(300, 10, at=now - timedelta(seconds=20))
    driver.run("tiny_loads")
    tiny.add_orders(400, 1, at=now - timedelta(seconds=60))
    found = driver.receipt(driver.run("tiny_loads"))
    assert (found.extracted_rows, found.loaded_rows, found.known_rows) == (11, 1, 10)
    assert len(tiny.rows_of("RAW.TINY_ORDERS")) == 311


def test_a_retry_takes_the_window_of_the_first_attempt() -> None:
    run = driver.start("tiny_loads")
    driver.drain(run, until="extract:oltp.tiny_orders")
    tiny.add_orders(900, 50, at=tiny.START + timedelta(days=2))
    step = run.run.steps.get(key="extract:oltp.tiny_orders")
    type(step).objects.filter(pk=step.pk).update(state="queued")
    driver.drain(run)
    assert driver.receipt(run).extracted_rows == 300
    assert driver.receipt(driver.run("tiny_loads")).loaded_rows == 50


def test_a_load_that_the_warehouse_has_is_taken_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker dies between the warehouse's commit and the portal's receipt."""
    from apps.pipelines import receipts

    run = driver.start("tiny_loads")
    with monkeypatch.context() as dies:
        dies.setattr(receipts, "write_loaded", lambda *args, **kwargs: 1 / 0)
        driver.drain(run)
    assert run.run.state == "failed"
    assert len(tiny.rows_of("RAW.TINY_ORDERS")) == 300
    assert driver.receipt(run).status == "intended"

    second = driver.run("tiny_loads")
    first = driver.receipt(run)
    assert (first.status, first.reconciled, first.loaded_rows) == ("loaded", True, 300)
    assert driver.receipt(second).status == "empty"
    assert len(tiny.rows_of("RAW.TINY_ORDERS")) == 300
    assert LoadReceipt.objects.filter(status="intended").count() == 0


def test_a_load_that_never_happened_is_abandoned_and_its_rows_come_with_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from apps.pipelines import loading

    run = driver.start("tiny_loads")
    with monkeypatch.context() as dies:
        dies.setattr(loading, "load", lambda *args, **kwargs: 1 / 0)
        driver.drain(run)
    second = driver.run("tiny_loads")
    assert driver.receipt(run).status == "abandoned"
    assert driver.receipt(second).loaded_rows == 300
    assert Event.objects.filter(action="pipelines.load_abandoned").count() == 2
    assert not any(Path(portal.STAGE_DIR).rglob("*.parquet"))


def test_one_label_is_loaded_once_even_by_two_at_the_same_time() -> None:
    """A worker that was frozen before its transaction wakes up after its heir has loaded."""
    from apps.pipelines import loading, receipts

    run = driver.start("tiny_loads")
    driver.drain(run, until="extract:oltp.tiny_orders")
    found = driver.receipt(run)
    store = open_store("warehouse", "loader")
    batch = loading.Batch(found.label, run.run_id, 1, found.window_at, None)
    files = receipts.staged_paths(found)
    loading.prepare(store, tiny.ORDERS)
    assert loading.load(store, tiny.ORDERS, batch, files).added == 300
    with pytest.raises(loading.LoadLost):
        loading.load(store, tiny.ORDERS, replace(batch, attempt=2), files)
    assert len(tiny.rows_of("RAW.TINY_ORDERS")) == 300
    driver.drain(run)
    assert driver.receipt(run).reconciled


def test_a_new_column_is_said_and_not_loaded() -> None:
    driver.run("tiny_loads")
    open_store("oltp", "owner").execute(Sql("alter table public.tiny_orders add column nickname text"))
    open_store("oltp", "owner").execute(
        Sql("update public.tiny_orders set nickname = 'x', updated_at = now() where id = 'o00000002'")
    )
    run = driver.run("tiny_loads")
    assert run.run.state == "done"
    assert "New column in oltp.tiny_orders: nickname" in log_of(run)
    (drift,) = run.checks.filter(kind="drift")
    assert drift.column == "nickname"
    assert "Not extracted, as defined: token" in log_of(run)


def test_a_missing_column_stops_the_load_and_says_which() -> None:
    open_store("oltp", "owner").execute(Sql("alter table public.tiny_orders drop column address"))
    run = driver.run("tiny_loads")
    assert run.run.state == "failed"
    assert "oltp.tiny_orders has no column address any more" in run.run.reason
    assert driver.receipt(run, "documents.tiny_visits").status == "loaded"


def test_a_new_path_of_documents_is_said() -> None:
    driver.run("tiny_loads")
    open_store("documents", "owner").execute(
        Command(
            {"insert": "tiny_visits", "documents": [{"_id": "new", "mood": "good", "updated_at": datetime.now(UTC)}]}
        )
    )
    run = driver.run("tiny_loads")
    assert "New column in documents.tiny_visits: mood" in log_of(run)


def test_an_empty_source_is_no_error() -> None:
    open_store("oltp", "owner").execute(Sql("truncate public.tiny_orders"))
    run = driver.run("tiny_loads")
    assert driver.receipt(run).status == "empty"


def test_places_that_disagree_fail_the_run_with_their_figures() -> None:
    driver.run("tiny_loads")
    open_store("warehouse", "owner").execute(
        Sql("delete from ANALYTICS.RAW.TINY_ORDERS where CURRENCY = 'JPY' and AMOUNT = 35")
    )
    run = driver.run("tiny_loads")
    assert run.run.state == "failed"
    assert "orders_agree: JPY does not agree" in run.run.reason
    (wrong,) = run.checks.filter(kind="comparison", passed=False)
    figures = [place["figures"]["rows"] for place in wrong.figures["places"]]
    assert figures == ["100", "99"]


def test_a_source_that_goes_on_does_not_fail_the_run_that_read_it_before() -> None:
    run = driver.start("tiny_loads")
    driver.drain(run, until="load:documents.tiny_visits")
    tiny.add_orders(900, 1, at=tiny.START + timedelta(days=3))
    driver.drain(run)
    assert run.run.state == "done"
    (moved,) = run.checks.filter(kind="comparison", figures__moved=True)
    assert "moved on" in moved.detail
    assert "2 comparisons agree, 1 wait for the next run" in run.run.steps.get(key="check").summary
    again = driver.run("tiny_loads")
    assert not again.checks.filter(figures__moved=True).exists()
    assert again.checks.filter(kind="comparison", passed=True).count() == 3


def test_the_cursor_settles_behind_the_overlap() -> None:
    driver.run("tiny_loads")
    cursor = Cursor.objects.get(dataset="oltp.tiny_orders")
    assert cursor.at == tiny.START + timedelta(seconds=299)
    assert cursor.key == "o00000299"
