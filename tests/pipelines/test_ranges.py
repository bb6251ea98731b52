"""A large window read as ranges: on a real server, every row once, whatever is split and however."""

from collections.abc import Iterator
from datetime import timedelta

import pyarrow.parquet as pq
import pytest

from apps.pipelines.extraction import ranges
from apps.pipelines.extraction.source import Source
from apps.pipelines.staging import Staged, stage
from apps.pipelines.windows import Position, Window
from portal.stores import open_store
from portal.stores.types import Sql, StoreError
from tests.pipelines import tiny

ORDERS = 3_000
END = Position(tiny.START + timedelta(seconds=ORDERS))


@pytest.fixture(autouse=True)
def table(mongo: None, warehouse: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(ranges, "LARGE_ROWS", 100)
    tiny.create()
    tiny.add_orders(0, ORDERS)
    open_store("oltp", "owner").execute(Sql("analyze public.tiny_orders"))
    yield
    tiny.drop()


def source() -> Source:
    return Source(open_store("oltp", "loader"), tiny.ORDERS)


def staged(folder, window: Window, found: Source) -> tuple[Staged, ...]:  # type: ignore[no-untyped-def]
    with found.parts(window, found.conformer(), found.columns()) as parts:
        return stage(folder, parts)


def ids(files: tuple[Staged, ...]) -> list[str]:
    return [value for file in files for value in pq.read_table(file.path).column("ID").to_pylist()]


def numbered(first: int, last: int) -> list[str]:
    return [f"o{number:08d}" for number in range(first, last)]


def test_a_whole_table_is_cut_by_its_pages(tmp_path) -> None:  # type: ignore[no-untyped-def]
    files = staged(tmp_path / "x", Window(None, END), source())
    assert [file.path.name for file in files] == ["part-0-00000.parquet", "part-1-00000.parquet"]
    assert all(file.rows > ORDERS / 4 for file in files)
    assert sorted(ids(files)) == numbered(0, ORDERS)


def test_a_window_with_a_lower_end_is_cut_in_time(tmp_path) -> None:  # type: ignore[no-untyped-def]
    lower, upper = Position(tiny.START + timedelta(seconds=999), "o00000999"), Position(END.at, "")
    files = staged(tmp_path / "x", Window(lower, upper), source())
    assert [file.rows for file in files] == [1_000, 1_000]
    assert sorted(ids(files)) == numbered(1_000, ORDERS)


def test_again_is_the_same_to_the_byte(tmp_path) -> None:  # type: ignore[no-untyped-def]
    again = [staged(tmp_path / name, Window(None, END), source()) for name in ("x", "y")]
    assert [file.sha256 for file in again[0]] == [file.sha256 for file in again[1]]


@pytest.mark.parametrize("count", [2, 3, 7])
def test_no_row_meets_two_ranges_and_none_meets_none(count: int) -> None:
    found = source()
    at = Window(Position(tiny.START), END)
    for conditions in (ranges.by_page(11, count), ranges.by_time(tiny.ORDERS, at, count)):
        assert len(conditions) == count
        met = " + ".join(f"({condition})::int" for condition in conditions)
        with found.store.read(
            Sql(f"select count(*) as n, min({met}) as low, max({met}) as high from public.tiny_orders")
        ) as rows:
            (row,) = [row for batch in rows for row in batch.to_pylist()]
        assert (row["n"], row["low"], row["high"]) == (ORDERS, 1, 1)


def test_a_small_window_is_one_statement(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(ranges, "LARGE_ROWS", ORDERS * 10)
    assert len(staged(tmp_path / "x", Window(None, END), source())) == 1


def test_what_has_no_pages_is_one_statement(tmp_path) -> None:  # type: ignore[no-untyped-def]
    with source().store.read(ranges.pages(tiny.ORDERS)) as rows:
        assert [row["pages"] > 0 for batch in rows for row in batch.to_pylist()] == [True]
    owner = open_store("oltp", "owner")
    owner.execute(
        Sql("alter table public.tiny_orders rename to tiny_hidden"),
        Sql("create view public.tiny_orders as select * from public.tiny_hidden"),
        Sql("grant select on public.tiny_orders to public"),
    )
    try:
        files = staged(tmp_path / "x", Window(None, END), source())
    finally:
        owner.execute(Sql("drop view public.tiny_orders"), Sql("alter table public.tiny_hidden rename to tiny_orders"))
    assert len(files) == 1
    assert ids(files) == numbered(0, ORDERS)


def test_without_a_second_connection_it_is_read_on_one(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    found = source()
    refused = StoreError("none free", store="oltp", public="busy", retryable=True, code="busy")
    monkeypatch.setattr(type(found.store), "read_together", lambda *args, **kwargs: (_ for _ in ()).throw(refused))
    files = staged(tmp_path / "x", Window(None, END), found)
    assert len(files) == 1
    assert sorted(ids(files)) == numbered(0, ORDERS)


def test_a_cancelled_split_is_not_read_after_all(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    found = source()
    refused = StoreError("stop", store="oltp", public="cancelled", retryable=False, code="cancelled")
    monkeypatch.setattr(type(found.store), "read_together", lambda *args, **kwargs: (_ for _ in ()).throw(refused))
    with pytest.raises(StoreError):
        staged(tmp_path / "x", Window(None, END), found)


def test_a_stop_in_the_middle_leaves_no_file_and_no_reader(tmp_path) -> None:  # type: ignore[no-untyped-def]
    found = source()

    def stop(rows: int) -> None:
        raise KeyboardInterrupt

    with found.parts(Window(None, END), found.conformer(), found.columns()) as parts:
        assert len(parts) == 2
        with pytest.raises(KeyboardInterrupt):
            stage(tmp_path / "x", parts, after_batch=stop)
    assert list((tmp_path / "x").iterdir()) == []
    assert found.store._running._work == {}  # type: ignore[attr-defined]
