"""PostgreSQL's own types and habits."""

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pyarrow as pa
import pytest

from portal.stores import open_store
from portal.stores.postgres import introspect
from portal.stores.types import KeyInfo, Sql, Store, StoreError

SOME_ID = UUID("11111111-2222-3333-4444-555555555555")


@pytest.fixture
def store() -> Store:
    return open_store("oltp", "owner")


@pytest.fixture
def name(store: Store) -> Iterator[str]:
    name = f"t_{uuid4().hex[:12]}"
    yield name
    store.execute(Sql(f"drop table if exists {name}"), Sql(f"drop type if exists {name}_mood"))


def one(store: Store, text: str, *params: Any) -> dict[str, Any]:
    with store.read(Sql(text, params)) as rows:
        (row,) = [row for batch in rows for row in batch.to_pylist()]
        return dict(row)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("1.10::numeric(12,2)", Decimal("1.10")),
        ("1.10::numeric", "1.10"),
        ("sum(9007199254740993::bigint)", "9007199254740993"),
        ('\'{"b": [1, "é"]}\'::jsonb', '{"b": [1, "é"]}'),
        (f"'{SOME_ID}'::uuid", str(SOME_ID)),
        ("'192.0.2.1'::inet", "192.0.2.1"),
        ("'1 day 02:00'::interval", "1 day 02:00:00"),
        ("array[1, null, 3]", [1, None, 3]),
        ("array['a', null]", ["a", None]),
        ("array[1.5::numeric]", "{1.5}"),
        ("int4range(1, 3)", "[1,3)"),
        ("row(1, 'x')", "(1,x)"),
        ("'\\x00ff'::bytea", b"\x00\xff"),
        ("'2020-02-29'::date", date(2020, 2, 29)),
        ("'2020-01-01 12:00+02'::timestamptz", datetime(2020, 1, 1, 10, tzinfo=UTC)),
        ("'2020-01-01 12:00'::timestamp", datetime(2020, 1, 1, 12)),  # noqa: DTZ001
        ("null", None),
    ],
)
def test_values(store: Store, expression: str, expected: object) -> None:
    assert one(store, f"select {expression} as v") == {"v": expected}
    with store.transaction() as bound:  # the other way to the same rows
        assert one(bound, f"select {expression} as v") == {"v": expected}


@pytest.mark.parametrize("shape", ["select {} as v", "select v from (values ({})) as t(v)"])
def test_an_array_of_several_dimensions_is_refused_not_flattened(store: Store, shape: str) -> None:
    text = shape.format("array[[1, 2], [3, 4]]")
    for way in ("a read of its own", "a transaction"):
        with pytest.raises(StoreError) as caught, store.transaction() as bound:
            one(store if way == "a read of its own" else bound, text)
        assert (caught.value.code, "several dimensions" in caught.value.public) == ("invalid_value", True), way
        assert "3" not in caught.value.public
    assert one(store, f"select v::text as v from ({text}) as t") == {"v": "{{1,2},{3,4}}"}


def test_a_query_without_columns_is_refused_not_empty(store: Store) -> None:
    with pytest.raises(StoreError, match="without columns") as caught:
        store.read(Sql("select from generate_series(1, 3)"))
    assert caught.value.code == "unsupported"


def test_a_type_made_after_the_pool_was_opened(store: Store, name: str) -> None:
    one(store, "select 1 as n")
    store.execute(Sql(f"create type {name}_mood as enum ('calm', 'glad')"))
    assert one(store, f"select 'glad'::{name}_mood as m, %s::{name}_mood as p", "calm") == {"m": "glad", "p": "calm"}


def test_parameters_of_every_type(store: Store) -> None:
    row = one(
        store,
        "select %s::int as a, %s::numeric as b, %s::uuid as c, %s::timestamptz as d, %s::text as e, %s::bytea as f, "
        "%s::int[] as g, %s::bool as h, '%s' as literal, 7 %% 4 as modulo where 2 = any(%s) limit %s",
        *(5, Decimal("1.50"), SOME_ID, datetime(2020, 1, 1, tzinfo=UTC), None, b"\x00", [1, 2], True, [2], 1),
    )
    assert row == {
        "a": 5,
        "b": "1.50",
        "c": str(SOME_ID),
        "d": datetime(2020, 1, 1, tzinfo=UTC),
        "e": None,
        "f": b"\x00",
        "g": [1, 2],
        "h": True,
        "literal": "%s",
        "modulo": 3,
    }


def test_the_wrong_number_of_parameters(store: Store) -> None:
    with pytest.raises(StoreError) as refused:
        one(store, "select %s::int", 1, 2)
    assert refused.value.code == "syntax"


def test_a_value_is_never_in_the_text_that_the_server_shows(store: Store) -> None:
    watcher = open_store("oltp", "owner")
    seen: list[str] = []

    def watch() -> None:
        text = "select coalesce(string_agg(query, ' '), '') as q from pg_stat_activity where query like %s"
        seen.append(one(watcher, text, "%pg_sleep(0.5)%")["q"])

    with store.read(Sql("select pg_sleep(0.5), %s::text as secret", ("s3cret-token",))) as rows:
        thread = threading.Thread(target=watch)
        thread.start()
        thread.join()
        assert [batch.num_rows for batch in rows] == [1]
    assert "pg_sleep(0.5)" in seen[0]
    assert "s3cret" not in seen[0]


def test_two_columns_of_one_name(store: Store) -> None:
    with store.read(Sql("select 1 as a, '192.0.2.1'::inet as a, 2 as b -- and a remark")) as rows:
        assert rows.schema.names == ["a", "a", "b"]
        assert [column.to_pylist() for batch in rows for column in batch.columns] == [[1], ["192.0.2.1"], [2]]


def test_a_number_without_a_decimal(store: Store) -> None:
    with pytest.raises(StoreError) as refused:
        one(store, "select 'NaN'::numeric(5,2) as n")
    assert refused.value.code == "invalid_value"


def test_explain_and_show(store: Store) -> None:
    assert "Result" in one(store, "explain select 1")["QUERY PLAN"]
    assert one(store, "show server_version_num")["server_version_num"].startswith("18")


def test_a_commit_in_a_read_changes_nothing(store: Store) -> None:
    with store.read(Sql("commit")) as rows:
        assert list(rows) == []
    with pytest.raises(StoreError) as refused, store.read(Sql("create table never (a int)")):
        pass
    assert refused.value.code == "read_only"


def test_a_setting_of_one_piece_of_work_does_not_meet_the_next(store: Store) -> None:
    store.execute(Sql("set search_path to nowhere"))
    for _ in range(3):
        with store.transaction() as bound:
            assert one(bound, "show search_path")["search_path"] != "nowhere"


def test_an_error_in_the_middle_of_the_rows(store: Store) -> None:
    with pytest.raises(StoreError) as refused:
        one(store, "select 1 / (i - 90000) as n from generate_series(1, 100000) i")
    assert refused.value.code == "invalid_value"
    assert refused.value.public == "Division by zero."


def test_write_reaches_types_that_arrow_does_not_have(store: Store, name: str) -> None:
    store.execute(
        Sql(f"create type {name}_mood as enum ('calm')"),
        Sql(f"create table {name} (j jsonb, u uuid, m {name}_mood, n numeric, l text[], b bytea, t text)"),
    )
    batch = pa.RecordBatch.from_pydict(
        {
            "t": ["", None],
            "j": ['{"a": "\\"é, "}', None],
            "u": [str(SOME_ID), None],
            "m": ["calm", None],
            "n": ["123456789012345678901234567890.5", None],
            "l": pa.array([['a"\\', None, ""], None], pa.list_(pa.string())),
            "b": [b"\x00,\n", None],
        }
    )
    assert store.write(("public", name), [batch]).rows == 2
    assert one(store, f"select * from {name} where u is not null") == {
        "j": '{"a": "\\"é, "}',
        "u": str(SOME_ID),
        "m": "calm",
        "n": "123456789012345678901234567890.5",
        "l": ['a"\\', None, ""],
        "b": b"\x00,\n",
        "t": "",
    }
    assert one(store, f"select count(*) as n from {name} where t is null and l is null") == {"n": 1}


def test_a_savepoint_inside_a_transaction(store: Store, name: str) -> None:
    store.execute(Sql(f"create table {name} (a int)"))

    def fail(bound: Store) -> None:
        with bound.transaction() as inner:
            inner.execute(Sql(f"insert into {name} values (2)"))
            raise KeyError

    with store.transaction() as bound:
        bound.execute(Sql(f"insert into {name} values (1)"))
        with pytest.raises(KeyError):
            fail(bound)
    assert one(store, f"select sum(a)::int as a from {name}") == {"a": 1}


def test_introspection_knows_keys_comments_views_and_partitions(store: Store, name: str) -> None:
    store.execute(
        Sql(f"create table {name} (id bigint primary key, parent bigint references {name}, c char(3) not null)"),
        Sql(f"comment on table {name} is 'A table.'"),
        Sql(f"comment on column {name}.c is 'ISO 4217.'"),
        Sql(f"create view {name}_v as select id from {name}"),
        Sql(f"create table {name}_p (at date) partition by range (at)"),
        Sql(f"create table {name}_p1 partition of {name}_p for values from ('2020-01-01') to ('2021-01-01')"),
    )
    try:
        found = {info.path[-1]: info for info in store.introspect(namespaces=["public"])}
    finally:
        store.execute(Sql(f"drop view {name}_v"), Sql(f"drop table {name}_p"))
    table = found[name]
    assert table.comment == "A table."
    assert table.columns[0].primary_key
    assert table.columns[1].references == f"public.{name}.id"
    assert (table.columns[2].type, table.columns[2].nullable) == ("character(3)", False)
    assert table.columns[2].comment == "ISO 4217."
    assert f"{name}_pkey" in table.indexes[0]
    assert found[f"{name}_v"].kind == "view"
    assert "SELECT" in found[f"{name}_v"].definition
    assert f"{name}_p" in found
    assert f"{name}_p1" not in found


def test_introspection_knows_indexes_and_every_key_also_of_a_materialised_view(store: Store, name: str) -> None:
    store.execute(
        Sql(f"create table {name} (a bigint, b text, c text unique, primary key (b, a))"),
        Sql(f"create table {name}_c (x bigint, y text, foreign key (y, x) references {name} (b, a))"),
        Sql(f"create unique index on {name} (c) where b = 'x'"),
        Sql(f"create unique index {name}_f on {name} (lower(c))"),
        Sql(f"create materialized view {name}_m as select a, b from {name}"),
        Sql(f"create unique index {name}_mu on {name}_m (b, a)"),
        Sql(f"insert into {name} values (1, 'one', 'uno'), (2, 'two', 'dos')"),
        Sql(f"refresh materialized view {name}_m"),
    )
    try:
        found = {info.path[-1]: info for info in store.introspect(namespaces=["public"])}
    finally:
        store.execute(Sql(f"drop materialized view {name}_m"), Sql(f"drop table {name}_c"))
    table, child, view = found[name], found[f"{name}_c"], found[f"{name}_m"]
    # What holds true for some rows only, or of an expression, is an index and no key.
    assert table.keys == (KeyInfo("primary", ("b", "a")), KeyInfo("unique", ("c",)))
    assert [column.primary_key for column in table.columns] == [True, True, False]
    assert len(table.indexes) == 4
    assert "'x'" not in " ".join(table.indexes)  # a predicate may quote a value of a row
    assert child.keys == (KeyInfo("foreign", ("y", "x"), ("public", name), ("b", "a")),)
    assert [column.references for column in child.columns] == [f"public.{name}.a", f"public.{name}.b"]
    assert (view.kind, view.keys, view.row_count) == ("materialized_view", (KeyInfo("unique", ("b", "a")),), 2)
    assert f"{name}_mu" in view.indexes[0]
    assert (table.row_count, child.row_count) == (2, 0)
    assert table.size_bytes


def test_tables_are_counted_together_but_no_more_bytes_than_one_may_have(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(introspect, "COUNTED_TOGETHER", 3)
    monkeypatch.setattr(introspect, "COUNTED_BYTES", 10)
    sizes = [1, 1, 1, 1, 9, 2, 10, 1]
    batches = [[each["size"] for each in batch] for batch in introspect._batches([{"size": n} for n in sizes])]
    assert batches == [[1, 1, 1], [1, 9], [2], [10], [1]]


def test_the_gates_account_reads_what_is_granted_and_no_more(store: Store, name: str) -> None:
    gate = open_store("oltp", "gate")
    for text in ("select * from pg_authid", "select pg_read_file('/etc/passwd')", "copy (select 1) to program 'id'"):
        with pytest.raises(StoreError) as refused:
            one(gate, text)
        assert refused.value.code in {"forbidden", "read_only", "unsupported", "syntax"}


def test_a_join_of_everything_fills_no_disk(store: Store) -> None:
    with store.read(Sql("select current_setting('temp_file_limit') as most")) as found:
        assert [row for batch in found for row in batch.to_pylist()] == [{"most": "2GB"}]
