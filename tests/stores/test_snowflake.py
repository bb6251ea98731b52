"""Loading files, values and the pool of sessions of the warehouse."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from portal.stores import open_store
from portal.stores.snowflake import introspect
from portal.stores.types import KeyInfo, Sql, Store, StoreError, Warehouse


@pytest.fixture
def store(warehouse: None) -> Warehouse:
    return cast(Warehouse, open_store("warehouse", "owner"))


@pytest.fixture
def target(store: Store) -> Iterator[tuple[str, ...]]:
    name = f"T_{uuid4().hex[:12].upper()}"
    store.execute(Sql(f"create table RAW.{name} (ID NUMBER(38,0), AMOUNT NUMBER(12,2), DOC VARIANT, RECEIPT VARCHAR)"))
    yield ("ANALYTICS", "RAW", name)
    store.execute(Sql(f"drop table if exists RAW.{name}"))


def file(folder: Path, name: str, *ids: int) -> Path:
    path = folder / f"{name}.parquet"
    amounts = pa.array([Decimal("1.25")] * len(ids), pa.decimal128(12, 2))
    pq.write_table(pa.table({"amount": amounts, "id": pa.array(ids, pa.int64())}), path)
    return path


def rows_of(store: Store, text: str, *params: Any) -> list[dict[str, Any]]:
    with store.read(Sql(text, params)) as rows:
        return [row for batch in rows for row in batch.to_pylist()]


def test_files_are_loaded_by_column_name(store: Warehouse, target: tuple[str, ...], tmp_path: Path) -> None:
    files = [file(tmp_path, "a", 1, 2), file(tmp_path, "b with a space", 3)]
    loaded = store.load_files(target, files, label="run:7/é/attempt 1")
    assert (loaded.rows, loaded.files) == (3, ("a.parquet", "b with a space.parquet"))
    assert loaded.statement_ids[0]
    found = rows_of(store, f"select ID, AMOUNT, RECEIPT from RAW.{target[-1]} order by ID")
    assert found == [{"ID": n, "AMOUNT": Decimal("1.25"), "RECEIPT": None} for n in (1, 2, 3)]


def test_the_same_label_loads_nothing_twice(store: Warehouse, target: tuple[str, ...], tmp_path: Path) -> None:
    files = [file(tmp_path, "a", 1)]
    store.load_files(target, files, label="once")
    with pytest.raises(StoreError) as refused:
        store.load_files(target, files, label="once")
    assert refused.value.code == "conflict"
    assert not refused.value.retryable
    assert len(rows_of(store, f"select ID from RAW.{target[-1]}")) == 1


def test_rows_and_their_receipt_are_one_transaction(store: Warehouse, target: tuple[str, ...], tmp_path: Path) -> None:
    def load(*, fails: bool) -> None:
        with store.transaction() as bound:
            cast(Warehouse, bound).load_files(target, [file(tmp_path, "a", 1, 2)], label=f"try{fails}")
            bound.execute(Sql(f"insert into RAW.{target[-1]} (RECEIPT) select %s", ("load 1",)))
            if fails:
                raise KeyError

    with pytest.raises(KeyError):
        load(fails=True)
    assert rows_of(store, f"select * from RAW.{target[-1]}") == []
    load(fails=False)
    assert rows_of(store, f"select count(*) as N, count(RECEIPT) as R from RAW.{target[-1]}") == [{"N": 3, "R": 1}]


def test_a_file_that_does_not_fit_loads_nothing(store: Warehouse, target: tuple[str, ...], tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.parquet"
    pq.write_table(pa.table({"ID": ["not a number"]}), wrong)
    with pytest.raises(StoreError):
        store.load_files(target, [file(tmp_path, "a", 1), wrong], label="mixed")
    assert rows_of(store, f"select * from RAW.{target[-1]}") == []


def test_nothing_stays_on_the_stage(store: Warehouse, target: tuple[str, ...], tmp_path: Path) -> None:
    store.load_files(target, [file(tmp_path, "a", 1)], label="gone")
    again = f"copy into RAW.{target[-1]} from @RAW.%{target[-1]}/gone file_format = (type = parquet) force = true "
    store.execute(Sql(again + "match_by_column_name = case_insensitive"))
    assert len(rows_of(store, f"select ID from RAW.{target[-1]}")) == 1


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("1.10::NUMBER(12,2)", Decimal("1.10")),
        ("sum(1.10::NUMBER(12,2))", Decimal("1.10")),
        ("sum(9007199254740993)", 9007199254740993),
        ("count(*)", 1),
        ('parse_json(\'{"b":[1,"é"]}\')', '{"b":[1,"é"]}'),
        ("'2020-01-01 12:00:00.123456+02:00'::TIMESTAMP_TZ", datetime(2020, 1, 1, 10, 0, 0, 123456, tzinfo=UTC)),
        ("'2020-01-01 12:00:00'::TIMESTAMP_NTZ", datetime(2020, 1, 1, 12)),  # noqa: DTZ001
        ("'2020-02-29'::DATE", date(2020, 2, 29)),
        ("1.5::FLOAT", 1.5),
        ("null", None),
        ("null::TIMESTAMP_TZ", None),
        ("null::TIMESTAMP_NTZ", None),
    ],
)
def test_values(store: Warehouse, expression: str, expected: object) -> None:
    assert rows_of(store, f"select {expression} as V") == [{"V": expected}]


@pytest.mark.parametrize(
    "value",
    [
        5,
        Decimal("1.25"),
        "é' or 1=1",
        True,
        None,
        1.5,
        b"\x00\xff",
        date(2020, 2, 29),
        datetime(2020, 1, 1, 10, 0, 0, 123456, tzinfo=UTC),
        datetime(2020, 1, 1, 12),  # noqa: DTZ001
    ],
)
def test_parameters_keep_their_type(store: Warehouse, value: object) -> None:
    assert rows_of(store, "select %s as V, '%s' as L", value) == [{"V": value, "L": "%s"}]


def test_a_use_of_one_piece_of_work_does_not_meet_the_next(store: Warehouse) -> None:
    store.execute(Sql("use schema ANALYTICS.MARTS"))
    assert {row["S"] for _ in range(3) for row in rows_of(store, "select current_schema() as S")} != {"MARTS"}


def test_show_answers_in_rows(store: Warehouse, target: tuple[str, ...]) -> None:
    names = [row["name"] for row in rows_of(store, "show tables in schema ANALYTICS.RAW")]
    assert target[-1] in names


def test_introspection_of_views_and_types(store: Warehouse, target: tuple[str, ...]) -> None:
    view = f"RAW.{target[-1]}_V"
    store.execute(Sql(f"create view {view} as select ID, AMOUNT from RAW.{target[-1]}"))
    store.execute(Sql(f"comment on table RAW.{target[-1]} is 'A table.'"))
    try:
        found = {info.path: info for info in store.introspect(namespaces=["RAW"])}
    finally:
        store.execute(Sql(f"drop view {view}"))
    table, looked = found[target], found[(*target[:2], f"{target[-1]}_V")]
    assert [column.type for column in table.columns] == ["NUMBER(38,0)", "NUMBER(12,2)", "VARIANT", "VARCHAR"]
    assert table.comment == "A table."
    assert looked.kind == "view"
    assert "SELECT" in looked.definition
    assert looked.row_count is None
    assert [column.name for column in looked.columns] == ["ID", "AMOUNT"]


def test_introspection_of_keys(store: Warehouse, target: tuple[str, ...]) -> None:
    name = target[-1]
    store.execute(Sql(f"create table RAW.{name}_K (A NUMBER, B VARCHAR, primary key (B, A))"))
    try:
        found = {info.path: info for info in store.introspect(namespaces=["RAW"])}
    finally:
        store.execute(Sql(f"drop table RAW.{name}_K"))
    keyed = found[(*target[:2], f"{name}_K")]
    assert [key.kind for key in keyed.keys] == ["primary"]
    assert set(keyed.keys[0].columns) == {"A", "B"}
    assert [column.primary_key for column in keyed.columns] == [True, True]


def test_a_foreign_key_of_two_columns_as_snowflake_lists_it() -> None:
    """The emulator keeps none: the rows are those of Snowflake's reference, SHOW IMPORTED KEYS, in any order."""
    listed = [
        {
            "pk_schema_name": "CORE",
            "pk_table_name": "PARENT",
            "pk_column_name": theirs,
            "fk_schema_name": "RAW",
            "fk_table_name": "CHILD",
            "fk_column_name": mine,
            "key_sequence": place,
            "fk_name": "SYS_CONSTRAINT_1",
        }
        for mine, theirs, place in (("X", "A", 2), ("Y", "B", 1))
    ]
    found = introspect._keys(lambda sql: listed if "imported" in sql.text else [], "ANALYTICS", {"RAW"})
    assert found == {("RAW", "CHILD"): [KeyInfo("foreign", ("Y", "X"), ("CORE", "PARENT"), ("B", "A"))]}
