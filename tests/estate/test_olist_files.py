"""Reading files that people and exports have damaged: what cannot be read is named, the rest is read."""

from collections.abc import Callable
from pathlib import Path

import pytest

from estate.oltp.olist.derive import Person
from estate.oltp.olist.files import FILES, BadFolder, Folder, Row, Unfit
from estate.oltp.olist.origin import Olist
from estate.oltp.olist.values import cents, whole
from tests.estate.conftest import SMALL

SELLERS = "olist_sellers_dataset.csv"
HEADER = "seller_id,seller_zip_code_prefix,seller_city,seller_state\n"


@pytest.fixture
def folder(tmp_path: Path) -> Callable[[bytes], Folder]:
    """The small folder with another file of sellers."""
    for name, _ in FILES.values():
        (tmp_path / name).write_bytes((SMALL / name).read_bytes())

    def with_sellers(content: bytes) -> Folder:
        (tmp_path / SELLERS).write_bytes(content)
        return Folder.of(tmp_path)

    return with_sellers


def ids(folder: Folder) -> list[str]:
    return folder.take("sellers", lambda row: row["seller_id"])


@pytest.mark.parametrize(
    ("body", "read", "rejected"),
    [
        (b"a,1,x,SP\nb,2,y,SP\n", ["a", "b"], []),
        (b"a,1,x,SP\r\nb,2,y,SP\r\n", ["a", "b"], []),
        (b"a,1,x,SP\nb,2,y,SP", ["a", "b"], []),
        (b'a,1,"x\ny",SP\nb,2,y,SP\n', ["a", "b"], []),
        (b"a,1,x\nb,2,y,SP\n", ["b"], [(2, "it has 3 fields, not 4")]),
        (b'a,1,"x,SP\nb,2,y,SP\nc,3,z,SP\n', ["b", "c"], [(2, "its quotes do not match")]),
        (b'a,1,"x"y,SP\nb,2,y,SP\n', ["b"], [(2, "its quotes do not match")]),
        (b"a,1,caf\xe9,SP\nb,2,y,SP\n", ["b"], [(2, "it is not UTF-8")]),
        (b"a,1,x\x00,SP\nb,2,y,SP\n", ["b"], [(2, "it holds a NUL character")]),
        (b"\n\na,1,x,SP\n", ["a"], []),
        (b"", [], []),
    ],
)
def test_rows(folder: Callable[[bytes], Folder], body: bytes, read: list[str], rejected: list[tuple[int, str]]) -> None:
    found = folder(HEADER.encode() + body)

    assert ids(found) == read
    assert [(reject.line, reject.reason) for reject in found.rejects] == rejected


def test_a_byte_order_mark_is_no_part_of_a_name(folder: Callable[[bytes], Folder]) -> None:
    assert ids(folder(b"\xef\xbb\xbf" + HEADER.encode() + b"a,1,x,SP\n")) == ["a"]


def test_columns_may_stand_in_another_order(folder: Callable[[bytes], Folder]) -> None:
    found = folder(b"seller_state,seller_id,seller_city,seller_zip_code_prefix,more\nSP,a,x,1,y\n")

    assert ids(found) == ["a"]


def test_a_reject_keeps_no_value_of_the_row(folder: Callable[[bytes], Folder]) -> None:
    found = folder(HEADER.encode() + b"secret@example.com,1,x\n")
    ids(found)

    assert "secret" not in repr(found.rejects)
    assert len(found.rejects[0].digest) == 64


def test_no_folder() -> None:
    with pytest.raises(BadFolder, match="There is no folder /nowhere"):
        Folder.of(Path("/nowhere"))


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(BadFolder, match=r"has no file olist_customers_dataset\.csv"):
        Folder.of(tmp_path)


def test_no_column(folder: Callable[[bytes], Folder]) -> None:
    with pytest.raises(BadFolder, match=r"olist_sellers_dataset\.csv has no column seller_city, seller_state"):
        folder(b"seller_id,seller_zip_code_prefix\n")


@pytest.mark.parametrize(
    ("text", "minor"), [("99.9", 9990), ("0.00", 0), ("8", 800), ("0.1", 10), ("13664.08", 1366408), ("1e2", 10000)]
)
def test_amounts_are_exact(text: str, minor: int) -> None:
    assert cents(Row(1, text, {"price": text}), "price") == minor


@pytest.mark.parametrize(
    "text",
    ["", "abc", "-1", "1.005", "NaN", "Infinity", "1e400", "1e999999999", "12,34", "9" * 25, "1." + "0" * 22 + "1"],
)
def test_what_is_no_amount(text: str) -> None:
    with pytest.raises(Unfit, match="price"):
        cents(Row(1, text, {"price": text}), "price")


@pytest.mark.parametrize("text", ["", "0", "6", "-1", "1.0", "²", "\u0661", "99999999999"])
def test_what_is_no_score(text: str) -> None:
    with pytest.raises(Unfit):
        whole(Row(1, text, {"score": text}), "score", least=1, most=5)


def test_a_person_is_the_same_every_time_and_not_another() -> None:
    assert Person("a").email == Person("a").email
    assert len({Person(str(number)).email for number in range(20_000)}) == 20_000


def test_the_same_files_have_the_same_identity(folder: Callable[[bytes], Folder]) -> None:
    one = Olist(folder(HEADER.encode() + b"a,1,x,SP\n")).identity
    other = Olist(folder(HEADER.encode() + b"a,1,y,SP\n")).identity

    assert one != other
    assert one == Olist(folder(HEADER.encode() + b"a,1,x,SP\n")).identity
