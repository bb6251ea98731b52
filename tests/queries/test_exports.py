"""Exports: the sealed masked rows and nothing else, marked, harmless, written down, for their owner alone."""

import csv
import datetime as dt
import io
import json
import uuid
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from asgiref.sync import async_to_sync
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from apps.queries import results, services
from apps.queries.exports import formats
from apps.queries.exports import services as exports
from apps.queries.exports.marks import EMERGENCY, Mark, mark_of
from apps.queries.exports.types import Download, Export
from apps.queries.exports.writers import arrow, parquet, text, workbook
from apps.queries.exports.writers.schemas import distinct
from apps.queries.models import Execution
from apps.queries.results import path_of
from apps.queries.sealing import Broken
from apps.queries.selectors import outcome_of
from apps.queries.types import AnswerColumn
from portal.accounts.models import User
from portal.audit.models import Event
from portal.audit.types import Actor
from tests.answers import with_result
from tests.queries.test_harmless import TEXTS, begins_a_formula
from tests.queries.workbooks import MAIN, part, sheet
from tests.vault import govern

WORDS = tuple(formats.FORMATS)
WRITERS = {"csv": text, "xlsx": workbook, "parquet": parquet, "arrow": arrow}
MARK = Mark("ana", dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC), "analytics", "0f", 7)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def kept(owner: User, columns: dict[str, Any]) -> Execution:
    row = with_result(owner, "select id from customers", columns)
    row.outcome = services.sealed_outcome(row.pk, replace(outcome_of(row), policy_version=7))
    row.save()
    return row


@pytest.fixture
def row(db: None, analyst: User) -> Execution:
    govern("oltp")
    return kept(analyst, {"id": [1, 2, 3], "name": ["Zoë", None, "=1+1"]})


def url(row: Execution | uuid.UUID, word: str) -> str:
    key = row.pk if isinstance(row, Execution) else row
    return f"{reverse('queries:export', args=[key])}?format={word}"


def api(row: Execution, word: str) -> str:
    return f"{reverse('queries-api:export', args=[row.pk])}?format={word}"


def body(answer: Any) -> bytes:
    assert answer.status_code == 200, answer.content
    return async_to_sync(whole)(answer)


async def whole(answer: Any) -> bytes:
    return b"".join([chunk async for chunk in answer.streaming_content])


def read(word: str, content: bytes) -> list[list[Any]]:
    """Rows with their head, without the mark."""
    if word == "csv":
        return [line[:-1] for line in csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))]
    if word == "xlsx":
        return sheet(content, 1)
    table = (
        pq.read_table(io.BytesIO(content)) if word == "parquet" else pa.ipc.open_file(io.BytesIO(content)).read_all()
    )
    return [table.schema.names, *map(list, zip(*(column.to_pylist() for column in table.columns), strict=True))]


def exported(word: str, columns: dict[str, Any], *, emergency: bool = False, names: list[str] | None = None) -> bytes:
    """Without the database."""
    key = uuid.uuid4()
    kinds = results.write(key, pa.table(columns).to_batches(), list(columns), by_name=False)
    told = tuple(AnswerColumn(name, kind, "no") for name, kind in zip(names or list(columns), kinds, strict=True))
    mark = Mark(MARK.who, MARK.at, MARK.purpose, MARK.execution, MARK.policy_version, emergency)
    content = b"".join(WRITERS[word].write(taken(key, told, mark)))
    results.remove(key)
    return content


def taken(key: uuid.UUID, columns: tuple[AnswerColumn, ...], mark: Mark) -> Export:
    with results.opened(key) as file:
        return Export(results.tables_of(key), file.schema_arrow, file.metadata.num_rows, columns, mark)


def detail_of(row: Execution, word: str) -> dict[str, Any]:
    """Of the one event that tells of this export."""
    events = Event.objects.filter(action="queries.exported", target_id=str(row.pk))
    (found,) = [told for event in events if (told := json.loads(event.payload))["detail"]["format"] == word]
    assert found["actor"][2] == row.owner.get_username()
    return dict(found["detail"])


class TestWhoAndWhen:
    @pytest.mark.parametrize("address", [(way, word) for way in (url, api) for word in WORDS])
    def test_the_owner_alone(
        self, row: Execution, analyst: User, colleague: User, officer: User, address: tuple[Any, str]
    ) -> None:
        way, word = address
        for other in (colleague, officer):
            for method in ("get", "post"):
                assert getattr(signed_in(other), method)(way(row, word)).status_code == 404
        assert not Event.objects.filter(action="queries.exported").exists()
        assert len(read(word, body(signed_in(analyst).get(way(row, word))))) == 4

    @pytest.mark.parametrize("way", [url, api])
    def test_somebody_without_a_role_is_refused_even_their_own(self, row: Execution, outsider: User, way: Any) -> None:
        Execution.objects.update(owner=outsider)
        assert signed_in(outsider).get(way(row, "csv")).status_code == 403
        assert Client().get(api(row, "csv")).status_code in (401, 403)

    @pytest.mark.parametrize("word", WORDS)
    def test_it_is_written_down_before_the_first_byte(self, row: Execution, analyst: User, word: str) -> None:
        download = exports.export(actor=Actor.of(analyst), execution=row, word=word)
        assert detail_of(row, word) == {
            "format": word,
            "rows": 3,
            "columns": 2,
            "purpose": "analytics",
            "policy_version": 7,
            "emergency": False,
        }
        assert b"".join(download.chunks)

    def test_without_its_event_nothing_leaves(
        self, row: Execution, analyst: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(**_: Any) -> None:
            raise RuntimeError("no trail")

        monkeypatch.setattr(exports, "record", full)
        monkeypatch.setattr(exports, "written", lambda *_: pytest.fail("a file without its event"))
        with pytest.raises(RuntimeError, match="no trail"):
            exports.export(actor=Actor.of(analyst), execution=row, word="csv")

    def test_a_form_exports_too(self, row: Execution, analyst: User) -> None:
        answer = signed_in(analyst).post(reverse("queries:export", args=[row.pk]), {"format": "csv"})
        assert answer["Content-Disposition"] == f'attachment; filename="query-{str(row.pk)[:8]}.csv"'
        assert answer["Cache-Control"] == "no-store, private"
        assert read("csv", body(answer))[1] == ["1", "Zoë"]

    def test_the_page_offers_the_four(self, row: Execution, analyst: User) -> None:
        page = signed_in(analyst).get(row.get_absolute_url()).content.decode()
        assert [word for word in WORDS if f'name="format" value="{word}"' in page] == list(WORDS)


class TestWhatIsNotThere:
    @pytest.mark.parametrize("way", [url, api])
    def test_past_its_time_is_410(self, row: Execution, analyst: User, settings: Any, way: Any) -> None:
        settings.QUERY_RESULT_DAYS = 0
        services.forget_old_results()
        answer = signed_in(analyst).get(way(row, "csv"))
        assert answer.status_code == 410
        assert "Run the query again" in answer.content.decode()
        assert not Event.objects.filter(action="queries.exported").exists()

    def test_a_file_that_is_gone_or_another_s_is_410(self, row: Execution, analyst: User) -> None:
        other = kept(analyst, {"id": [9]})
        path_of(row.pk).write_bytes(path_of(other.pk).read_bytes())
        assert signed_in(analyst).get(url(row, "csv")).status_code == 410
        path_of(row.pk).unlink()
        assert signed_in(analyst).get(url(row, "csv")).status_code == 410

    def test_what_never_had_a_result_is_409(self, row: Execution, analyst: User) -> None:
        Execution.objects.update(has_result=False, status="running")
        answer = signed_in(analyst).get(api(row, "csv"))
        assert (answer.status_code, answer.json()["message"]) == (
            409,
            "This query is running: it has no result to export.",
        )

    def test_what_is_not_shown_any_more_does_not_leave_either(self, row: Execution, analyst: User) -> None:
        """Its owner's rights or the rules have changed since it ran."""
        Execution.objects.update(basis="another")
        for way in (url, api):
            answer = signed_in(analyst).get(way(row, "csv"))
            assert answer.status_code == 409
            assert "This result is closed" in answer.content.decode()
        assert not Event.objects.filter(action="queries.exported").exists()

    @pytest.mark.parametrize("word", ["", "xls", "CSV", "../csv"])
    def test_another_format_is_400_and_named(self, row: Execution, analyst: User, word: str) -> None:
        answer = signed_in(analyst).get(api(row, word))
        assert (answer.status_code, answer.json()["field"]) == (400, "format")
        assert signed_in(analyst).get(url(row, word)).status_code == 400

    def test_more_rows_than_a_sheet_holds_are_refused(
        self, row: Execution, analyst: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        small = formats.Format("XLSX", "xlsx", "x", "y", most_rows=2)
        monkeypatch.setitem(formats.FORMATS, "xlsx", small)
        answer = signed_in(analyst).get(api(row, "xlsx"))
        assert answer.status_code == 422
        assert "at most 2 rows and this result has 3" in answer.json()["message"]
        assert formats.SHEET_ROWS == 1_048_575


class TestCells:
    COLUMNS = {
        "n": pa.array([-5, None, 10**18]),
        "d": pa.array([Decimal("-1.50"), None, Decimal("12345678901234567.89")], pa.decimal128(20, 2)),
        "f": pa.array([-0.5, float("-inf"), None]),
        "t": pa.array(["-5", None, ""]),
        "at": pa.array([dt.datetime(2025, 1, 2, tzinfo=dt.UTC), None, None], pa.timestamp("us", "UTC")),
        "day": pa.array([dt.date(2025, 1, 2), dt.date(1850, 1, 1), None]),
        "ok": pa.array([True, False, None]),
        "doc": pa.array([["=a"], [], None]),
    }

    def test_csv(self) -> None:
        lines = exported("csv", self.COLUMNS).decode().split("\r\n")
        mark = '"Portico: ana, 2026-01-02T03:04:05Z, analytics, query 0f, policy 7"'
        assert lines == [
            '\ufeff"n","d","f","t","at","day","ok","doc","portico_export"',
            f'-5,-1.50,-0.5,"\'-5","2025-01-02T00:00:00+00:00",2025-01-02,true,"[""=a""]",{mark}',
            f',,"\'-inf",,,1850-01-01,false,"[]",{mark}',
            f'1000000000000000000,12345678901234567.89,,"",,,,,{mark}',
            "",
        ]

    def test_a_sheet(self) -> None:
        rows = sheet(exported("xlsx", self.COLUMNS), 1)
        assert rows[0] == list(self.COLUMNS)
        assert rows[1] == [-5.0, -1.5, -0.5, "'-5", "2025-01-02T00:00:00+00:00", 45659.0, True, '["=a"]']
        assert rows[2] == [None, None, "'-inf", None, None, "1850-01-01", False, "[]"]
        assert rows[3][:2] == ["1000000000000000000", "12345678901234567.89"]

    @pytest.mark.parametrize("word", ["parquet", "arrow"])
    def test_types_are_those_of_the_result(self, word: str) -> None:
        content = exported(word, self.COLUMNS)
        table = pq.read_table(io.BytesIO(content)) if word == "parquet" else pa.ipc.open_file(content).read_all()
        assert table.schema.remove_metadata() == pa.table(self.COLUMNS).schema
        assert table.to_pydict() == pa.table(self.COLUMNS).to_pydict()

    @pytest.mark.parametrize("word", WORDS)
    def test_an_answer_without_rows_is_a_file_with_heads(self, word: str) -> None:
        assert read(word, exported(word, {"a": pa.array([], pa.int64()), "b": pa.array([], pa.string())})) == [
            ["a", "b"]
        ]

    def test_columns_of_one_name_are_told_apart_where_they_are_found_by_name(self) -> None:
        assert distinct(["id", "id", "id_2", "id", ""]) == ["id", "id_3", "id_2", "id_4", ""]
        columns = {"a": [1], "b": [2]}
        assert read("parquet", exported("parquet", columns, names=["id", "id"])) == [["id", "id_2"], [1, 2]]
        assert read("csv", exported("csv", columns, names=["id", "id"]))[0] == ["id", "id"]

    def test_a_text_too_long_for_a_cell_is_cut_and_said(self) -> None:
        whole, long, wide = "x" * 32_767, "x" * 32_768, "🙂" * 16_384
        content = exported("xlsx", {"s": [whole, long, wide]})
        rows = sheet(content, 1)
        assert rows[1] == [whole]
        for (cell,) in rows[2:]:
            assert cell.endswith("[cut: longer than a cell of a sheet may be]")
            assert len(cell.encode("utf-16-le")) // 2 <= 32_767
        assert ["Cells too long for a sheet", "2, cut where they say so"] in sheet(content, 2)

    def test_signs_that_xml_cannot_hold(self) -> None:
        assert sheet(exported("xlsx", {"s": ["a\x00b\x1f", "<&>", " x "]}), 1)[2:] == [["<&>"], [" x "]]


@hypothesis_settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(TEXTS, min_size=1, max_size=5), TEXTS)
def test_no_cell_or_head_of_a_file_for_sheets_begins_a_formula(values: list[str], head: str) -> None:
    for word in ("csv", "xlsx"):
        content = exported(word, {"c": pa.array(values, pa.string())}, names=[head])
        rows = read(word, content)
        assert len(rows) == len(values) + 1
        assert not [cell for row in rows for cell in row if cell and begins_a_formula(cell)]


class TestMark:
    @pytest.mark.parametrize("emergency", [False, True])
    @pytest.mark.parametrize("word", WORDS)
    def test_every_file_says_who_when_what_for_and_under_which_policy(self, word: str, emergency: bool) -> None:
        content = exported(word, {"a": [1, 2]}, emergency=emergency)
        for said in told_by(word, content):
            for fact in ("ana", "2026-01-02T03:04:05Z", "analytics", "0f", "7"):
                assert fact in said
            assert (EMERGENCY in said) is emergency

    def test_it_is_that_of_the_execution(self, row: Execution, analyst: User) -> None:
        mark = mark_of(row)
        assert (mark.who, mark.purpose, mark.execution, mark.policy_version) == ("ana", "analytics", str(row.pk), 7)
        assert mark.emergency is False
        row.emergency = True
        assert EMERGENCY in mark_of(row).short
        assert abs((mark.at - dt.datetime.now(dt.UTC)).total_seconds()) < 60

    def test_a_name_with_an_ampersand_or_a_long_one_fits_the_header(self) -> None:
        key = uuid.uuid4()
        results.write(key, pa.table({"a": [1]}).to_batches(), ["a"], by_name=False)
        mark = Mark("a&b" * 100, MARK.at, "analytics", "0f", 7)
        content = b"".join(workbook.write(taken(key, (AnswerColumn("a", "integer", "no"),), mark)))
        header = part(content, "xl/worksheets/sheet1.xml").find(f".//{MAIN}oddHeader")
        assert header is not None
        assert header.text is not None
        assert "a&&ba&&b" in header.text
        assert len(header.text) <= 255


def told_by(word: str, content: bytes) -> Iterator[str]:
    """Every place in which a file says where it comes from."""
    if word == "csv":
        lines = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
        assert lines[0][-1] == "portico_export"
        yield from (line[-1] for line in lines[1:])
    elif word == "xlsx":
        yield str(sheet(content, 2))
        for number in (1, 2):
            yield str(part(content, f"xl/worksheets/sheet{number}.xml").findtext(f".//{MAIN}oddHeader"))
    else:
        schema = pq.read_schema(io.BytesIO(content)) if word == "parquet" else pa.ipc.open_file(content).schema
        yield schema.metadata[b"portico_export"].decode()
        yield schema.metadata[b"portico"].decode()


class TestBounds:
    @pytest.mark.parametrize("word", ["csv", "parquet", "arrow"])
    def test_a_row_group_is_opened_when_the_one_before_has_left(
        self, row: Execution, analyst: User, word: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(results, "ROWS_A_GROUP", 100)
        big = kept(analyst, {"id": list(range(1000))})
        opened: list[int] = []
        plain = pq.ParquetFile.read_row_group

        def read_row_group(file: pq.ParquetFile, number: int) -> pa.Table:
            opened.append(number)
            return plain(file, number)

        monkeypatch.setattr(pq.ParquetFile, "read_row_group", read_row_group)
        download = exports.export(actor=Actor.of(analyst), execution=big, word=word)
        assert opened == []
        seen = [len(opened) for _ in download.chunks]
        assert max(after - before for before, after in zip([0, *seen], seen, strict=False)) == 1
        assert opened == list(range(10))

    def test_nothing_of_a_workbook_stays_on_disk(self, row: Execution, analyst: User) -> None:
        download: Download = exports.export(actor=Actor.of(analyst), execution=row, word="xlsx")
        next(download.chunks)
        assert [path.name for path in path_of(row.pk).parent.iterdir()] == [path_of(row.pk).name]

    def test_what_a_killed_process_left_is_removed_in_time(
        self, row: Execution, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder = path_of(row.pk).parent
        (folder / "export-x").mkdir()
        (folder / "export-x" / "a").touch()
        (folder / "y.1.part").touch()
        results.remove_halves()
        assert len(list(folder.iterdir())) == 3
        monkeypatch.setattr(results, "HALF_IS_OLD_S", -100_000)
        results.remove_halves()
        assert list(folder.iterdir()) == [path_of(row.pk)]

    def test_a_file_changed_behind_its_beginning_does_not_end_well(self, row: Execution, analyst: User) -> None:
        content = bytearray(path_of(row.pk).read_bytes())
        content[40] ^= 1
        path_of(row.pk).write_bytes(bytes(content))
        download = exports.export(actor=Actor.of(analyst), execution=row, word="csv")
        with pytest.raises(Broken):
            list(download.chunks)
