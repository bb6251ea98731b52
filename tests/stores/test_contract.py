"""What every adapter promises, asked of each on its real server."""

import threading
import time
from typing import Any

import pyarrow as pa
import pytest

from portal.stores import open_store
from portal.stores.types import Documents, Sql, Statement, Store, StoreError
from tests.stores.labs import AT, ROWS, SCHEMA, Lab, batch
from tests.stores.wire import Wire


def rows_of(store: Store, statement: Statement, **how: Any) -> list[dict[str, Any]]:
    with store.read(statement, **how) as rows:
        return [row for found in rows for row in found.to_pylist()]


def refusal(store: Store, statement: Statement, **how: Any) -> StoreError:
    with pytest.raises(StoreError) as refused:
        rows_of(store, statement, **how)
    assert refused.value.store == store.name
    return refused.value


def count(store: Store, lab: Lab) -> int:
    return len(rows_of(store, lab.all()))


def test_health_of_a_store_that_is_up(store: Store) -> None:
    health = store.health()
    assert health.ok, health.detail
    assert any(character.isdigit() for character in health.version)
    assert 0 < health.latency_ms < 5000


def test_health_of_a_store_that_is_down(distant: Store, wire: Wire) -> None:
    wire.unplug()
    started = time.monotonic()
    health = distant.health()
    assert not health.ok
    assert "cannot be reached" in health.detail
    assert time.monotonic() - started < 5


def test_health_of_a_store_that_never_answers(distant: Store, wire: Wire) -> None:
    wire.freeze()
    for _ in range(2):
        started = time.monotonic()
        health = distant.health()
        assert not health.ok
        assert time.monotonic() - started < 5


def test_what_was_written_is_read_back_exactly(store: Store, lab: Lab) -> None:
    assert store.write(lab.target, [batch(ROWS)]).rows == len(ROWS)
    found = rows_of(store, lab.all())
    expected = [{**row, "AT": row["AT"] and row["AT"].astimezone(found[0]["AT"].tzinfo)} for row in ROWS]
    assert found == expected


def test_types(store: Store, lab: Lab) -> None:
    store.write(lab.target, [batch(ROWS)])
    with store.read(lab.all()) as rows:
        types = {field.name: field.type for field in rows.schema}
        assert all(field.metadata[b"store_type"] for field in rows.schema)
    assert types == {
        "ID": pa.int64(),
        "AMOUNT": lab.decimals,
        "NAME": pa.string(),
        "AT": pa.timestamp("us", "UTC"),
        "OK": pa.bool_(),
    }


def test_an_empty_answer_has_its_columns(store: Store, lab: Lab) -> None:
    with store.read(lab.none()) as rows:
        assert [found for found in rows if found.num_rows] == []
        if lab.kind != "mongo":  # no document, no keys
            assert rows.schema.names == SCHEMA.names


def test_parameters_are_bound(store: Store, lab: Lab) -> None:
    store.write(lab.target, [batch(ROWS)])
    assert rows_of(store, lab.matching(ROWS[0]["NAME"], AT)) == [{"ID": 1}]
    assert rows_of(store, lab.matching("' or 1=1 --", AT)) == []


def test_batches_are_no_larger_than_asked_for(store: Store, lab: Lab) -> None:
    store.execute(lab.add(1))
    with store.read(lab.numbers(2_500), batch_rows=1_000) as rows:
        sizes = [found.num_rows for found in rows]
    assert sum(sizes) == 2_500
    assert max(sizes) <= 1_000


def test_a_read_that_is_left_early_frees_its_connection(store: Store, lab: Lab) -> None:
    store.execute(lab.add(1))
    for _ in range(20):  # more than any pool holds
        with store.read(lab.numbers(5_000), batch_rows=100) as rows:
            next(iter(rows))
    assert count(store, lab) == 1


def test_reading_cannot_write(store: Store, lab: Lab) -> None:
    store.write(lab.target, [batch(ROWS)])
    for statement in lab.writing():
        refused = refusal(store, statement)
        assert refused.code in {"read_only", "unsupported"}
        assert not refused.retryable
    assert count(store, lab) == len(ROWS)
    assert [info.path for info in store.introspect() if info.path[-1].lower() == f"{lab.dataset}_x".lower()] == []


def test_the_gates_account_cannot_write(lab: Lab) -> None:
    gate = open_store(lab.name, "gate")
    with pytest.raises(StoreError) as refused:
        gate.execute(lab.add(1))
    assert refused.value.code in {"forbidden", "read_only"}
    assert not refused.value.retryable


def test_a_statement_that_takes_too_long_is_ended(store: Store, lab: Lab) -> None:
    store.execute(lab.add(1))
    started = time.monotonic()
    refused = refusal(store, lab.slow(), timeout_s=1)
    assert refused.code == "timeout"
    assert not refused.retryable
    assert time.monotonic() - started < 5
    assert count(store, lab) == 1


def test_cancel_from_another_thread(store: Store, lab: Lab) -> None:
    store.execute(lab.add(1))
    started = time.monotonic()
    timer = threading.Timer(0.5, store.cancel)
    timer.start()
    refused = refusal(store, lab.slow(), timeout_s=20)
    timer.join()
    assert refused.code == "cancelled"
    assert time.monotonic() - started < 5
    assert count(store, lab) == 1


def test_cancel_stops_only_its_own_handle(store: Store, lab: Lab) -> None:
    store.execute(lab.add(1))
    other = open_store(lab.name, "owner")
    with store.read(lab.numbers(3_000), batch_rows=500) as rows:
        batches = iter(rows)
        first = next(batches).num_rows
        other.cancel()
        assert first + sum(found.num_rows for found in batches) == 3_000


@pytest.mark.parametrize(("which", "code"), [("broken", "syntax"), ("misfit", "invalid_value")])
def test_errors_that_retrying_does_not_help(store: Store, lab: Lab, which: str, code: str) -> None:
    store.execute(lab.add(1))
    refused = refusal(store, getattr(lab, which)())
    assert refused.code == code
    assert not refused.retryable
    assert refused.public not in {"", str(refused)}


def test_a_name_that_does_not_exist(store: Store, lab: Lab) -> None:
    store.execute(lab.add(1))
    assert refusal(store, lab.unknown()).code == "unknown_object"


def test_a_syntax_error_says_where(store: Store, lab: Lab) -> None:
    statement = lab.broken()
    place = refusal(store, statement).position
    if isinstance(statement, Documents):
        assert place is None  # a pipeline has no characters to point at
        return
    assert isinstance(statement, Sql)
    assert place is not None
    assert statement.text[place - 1 :].startswith("x y")


def test_the_public_text_never_quotes_a_value(store: Store, lab: Lab) -> None:
    store.execute(lab.add(4_111_111))
    with pytest.raises(StoreError) as refused:
        store.execute(lab.add(4_111_111))
    assert refused.value.code == "constraint"
    assert "4111111" not in refused.value.public


def test_a_store_that_is_away_is_worth_retrying(distant: Store, lab: Lab, wire: Wire) -> None:
    wire.unplug()
    started = time.monotonic()
    refused = refusal(distant, lab.all())
    assert refused.code == "unreachable"
    assert refused.retryable
    assert time.monotonic() - started < 10


def test_a_transaction_commits_all(store: Store, lab: Lab) -> None:
    with store.transaction() as bound:
        bound.execute(lab.add(1))
        bound.write(lab.target, [batch([{**ROWS[0], "ID": 2}])])
        assert len(rows_of(bound, lab.all())) == 2
    assert count(store, lab) == 2


def test_a_transaction_takes_all_of_it_back(store: Store, lab: Lab) -> None:
    store.execute(lab.add(1))

    def change() -> None:
        with store.transaction() as bound:
            bound.execute(lab.remove_all(), lab.add(2))
            bound.write(lab.target, [batch([{**ROWS[0], "ID": 3}])])
            raise KeyError

    with pytest.raises(KeyError):
        change()
    assert [row["ID"] for row in rows_of(store, lab.all())] == [1]


def test_nobody_sees_a_transaction_before_it_commits(store: Store, lab: Lab) -> None:
    with store.transaction() as bound:
        bound.execute(lab.add(1))
        assert count(open_store(lab.name, "owner"), lab) == 0
    assert count(store, lab) == 1


def test_several_statements_are_one_transaction(store: Store, lab: Lab) -> None:
    with pytest.raises(StoreError):
        store.execute(lab.add(1), lab.add(2), lab.add(2))
    assert count(store, lab) == 0
    assert store.execute(lab.add(1), lab.add(2)) == [1, 1]
    assert store.execute(lab.remove_all()) == [2]


def test_a_write_is_all_or_nothing(store: Store, lab: Lab) -> None:
    doubled = [batch(ROWS), batch([{**ROWS[0], "ID": 9}, {**ROWS[0], "ID": 1}])]
    with pytest.raises(StoreError) as refused:
        store.write(lab.target, doubled)
    assert refused.value.code == "constraint"
    assert count(store, lab) == 0
    assert store.write(lab.target, []).rows == 0


def test_the_pool_outlives_a_broken_connection(distant: Store, lab: Lab, wire: Wire) -> None:
    distant.execute(lab.add(1))
    assert count(distant, lab) == 1
    for _ in range(2):
        wire.cut()
        time.sleep(1.1)  # a connection that rested a second is asked before it is trusted
        assert count(distant, lab) == 1
        assert distant.execute(lab.add(int(time.time() * 1000))) == [1]
        distant.execute(lab.remove_all(), lab.add(1))


def test_many_threads_share_the_pool(store: Store, lab: Lab) -> None:
    store.execute(lab.add(1))
    answers: list[int] = []

    def ask() -> None:
        answers.append(len(rows_of(open_store(lab.name, "owner"), lab.numbers(1_000))))

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [1_000] * 6


def test_introspection(store: Store, lab: Lab) -> None:
    store.write(lab.target, [batch(ROWS)])
    namespaces = {"postgres": ["public"], "mongo": [lab.dataset], "snowflake": ["RAW"]}[lab.kind]
    (info,) = [info for info in store.introspect(namespaces=namespaces) if info.path == lab.target]
    assert info.kind == ("collection" if lab.kind == "mongo" else "table")
    assert info.row_count == len(ROWS)
    names = [column.name for column in info.columns if column.name != "_id"]
    assert names == SCHEMA.names
    assert [column.position for column in info.columns] == list(range(1, len(info.columns) + 1))
    assert all(column.type for column in info.columns)


def test_what_this_account_may_read(store: Store, lab: Lab) -> None:
    assert store.readable()[lab.target] is True


def test_introspection_of_other_namespaces(store: Store, lab: Lab) -> None:
    assert list(store.introspect(namespaces=["nothing_of_this_name"])) == []
