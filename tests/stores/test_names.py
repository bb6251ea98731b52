"""No value of a person becomes the name of a column, whatever hypothesis thinks of."""

from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.stores.mongo.sample import Sample, described
from portal.stores.names import Names, entry_of, is_field_name, told

WORDS = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGH", min_size=1, max_size=12)
LETTERS = st.text(min_size=1, max_size=12).filter(lambda text: text.strip() == text and text.isalpha())
DIGITS = st.text("0123456789", min_size=7, max_size=15)
PHONES = st.builds(
    lambda digits, between, start: start + between.join([digits[:3], digits[3:6], digits[6:]]),
    DIGITS, st.sampled_from(["", " ", "-", ".", "_", "/"]), st.sampled_from(["", "+", "00", "tel_", "p", "_"]),
)  # fmt: skip
CARDS = st.builds(
    lambda digits, between, start: start + between.join(digits[n : n + 4] for n in range(0, 16, 4)),
    st.text("0123456789", min_size=16, max_size=16), st.sampled_from(["", " ", "-", "_"]),
    st.sampled_from(["", "card_", "c"]),
)  # fmt: skip
HEXES = st.builds(
    lambda value, upper, dashed, start: start + (str.upper if upper else str)(str(value) if dashed else value.hex),
    st.uuids(), st.booleans(), st.booleans(), st.sampled_from(["", "u_", "id_"]),
)  # fmt: skip
OBJECT_IDS = st.builds(lambda value, start: start + value.hex[:24], st.uuids(), st.sampled_from(["", "o_"]))
EMAILS = st.builds(lambda who, where: f"{who}@{where}.example", st.one_of(WORDS, st.emails()), WORDS)
NAMES = st.builds(
    lambda first, blank, last: first + blank + last, LETTERS, st.sampled_from([" ", "\u00a0", ", "]), LETTERS
)
ADDRESSES = st.one_of(
    st.ip_addresses().map(str), st.ip_addresses(v=4).map(lambda ip: "ip_" + str(ip).replace(".", "_"))
)
DATES = st.builds(
    lambda day, form: day.strftime(form), st.dates(), st.sampled_from(["%Y-%m-%d", "d%Y%m%d", "d_%Y_%m_%d"])
)
VALUES = st.one_of(EMAILS, PHONES, CARDS, HEXES, OBJECT_IDS, NAMES, ADDRESSES, DATES)
PLACES = st.sampled_from(["", "seen", "a.b", "list[]", "list[].deep[][]"])


def placed(place: str, inner: object) -> dict[str, object]:
    """`inner` at a place of a document; the top level is one, too."""
    for part in reversed([part for part in place.split(".") if part]):
        for _ in range(part.count("[]")):
            inner = [inner]
        inner = {part.replace("[]", ""): inner}
    return {"_id": 1, **inner} if isinstance(inner, dict) else {}


@settings(deadline=None)
@given(st.lists(VALUES, min_size=1, max_size=3), PLACES, WORDS, st.booleans())
def test_no_value_is_a_column(values: list[str], place: str, beside: str, first: bool) -> None:
    entries: dict[str, object] = {value: {"n": 1, value: [value]} for value in values}
    entries = {beside: 1, **entries} if first else {**entries, beside: 1}
    sample = Sample({})
    for document in (placed(place, {"ana": {"n": "x"}}), placed(place, entries)):
        sample.add(document)
    names = [column.name for column in sample.columns()]
    assert not [name for name in names for value in values if value in name]
    # What stands beside it in the same map is no name either, also of a document that was seen before.
    segments = {part.replace("[]", "") for name in names for part in name.split(".")}
    assert segments <= {"*", "_id", "seen", "a", "b", "list", "deep"}


@settings(deadline=None)
@given(VALUES)
def test_data_does_not_look_like_a_name(value: str) -> None:
    assert not is_field_name(value)


@pytest.mark.parametrize(
    "key",
    ["_id", "__v", "email", "customerId", "last4", "address_line_2", "sha256", "iso3166_alpha2", "oauth2Token", "utf8",
     "utm_source", "x509_cert", "HTTPStatus", "created_at", "revenue_2024", "decade", "facade", "deadbeef", "i18n",
     "p95_latency_ms", "base64", "a", "A1", "is_3ds2"],
)  # fmt: skip
def test_what_programmers_write_stays(key: str) -> None:
    assert is_field_name(key)


@pytest.mark.parametrize(
    "key",
    ["", " ", "a.b", "content-type", "$ne", "cus_9sK2bQx81Lm", "65a1b2c3d4e5f60718293a4b", "a" * 65, "Zoë", "n12345",
     "abcdefabcd", "10.1.1.1", "ip_10_1_1_1", "a%40b", str(UUID(int=5))],
)  # fmt: skip
def test_what_is_data(key: str) -> None:
    assert not is_field_name(key)


def test_a_declared_key_keeps_its_name_beside_a_map() -> None:
    known = described(
        {"$jsonSchema": {"properties": {"seen": {"bsonType": "object", "properties": {"total": {}, "by-day": {}}}}}}
    )
    sample = Sample(known)
    sample.add({"_id": 1, "seen": {"total": 3, "by-day": 1, "ana": {"n": 1}}})
    assert "seen.ana.n" in {column.name for column in sample.columns()}, "nothing tells that this is a name"
    sample.add({"_id": 2, "seen": {"total": 3, "ana@example.com": {"n": "x", "at": {"10.1.1.1": 1}}}})
    found = {column.name: (column.type, column.presence) for column in sample.columns()}
    assert found == {
        "_id": ("int", 1.0),
        "seen": ("object", 1.0),
        "seen.total": ("int", 1.0),
        "seen.by-day": ("int", 0.5),
        "seen.*": ("object", 1.0),
        "seen.*.n": ("int|string", 1.0),
        "seen.*.at": ("object", 0.5),
        "seen.*.at.*": ("int", 0.5),
    }
    assert all(column.nullable for column in sample.columns() if "*" in column.name)


def test_a_map_in_one_entry_makes_maps_of_all() -> None:
    sample = Sample({})
    sample.add({"seen": {"ana": {"by": {"bob": 1}}, "carl": {"by": {"+1 201 555": 1}}}})
    sample.add({"seen": {"x@y.example": 1}})
    assert {column.name for column in sample.columns()} == {"seen", "seen.*", "seen.*.by", "seen.*.by.*"}


def test_the_top_level_is_a_map_as_well() -> None:
    sample = Sample(described({"$jsonSchema": {"properties": {"at": {"bsonType": "date"}}}}))
    sample.add({"_id": "x", "at": None, "ana": {"n": 1}, "bob@example.com": {"n": 2}})
    assert {column.name for column in sample.columns()} == {"_id", "at", "*", "*.n"}


def test_what_was_stored_before_is_told_without_its_keys() -> None:
    stored = ["_id", "seen", "seen.ana.b@x.example", "seen.ana.b@x.example.n", "seen.carl", "seen.total", "a", "a[]",
              "a[].by", "a[].by.10.1.1.1", "a[].ok", "n", "n.*", "n.ana"]  # fmt: skip
    assert told(stored, {"seen.total"}) == {
        **dict.fromkeys(["seen.ana.b@x.example", "seen.ana.b@x.example.n", "seen.carl"], "seen.*"),
        "a[].by.10.1.1.1": "a[].by.*",
        "n.ana": "n.*",
        **{name: name for name in ("_id", "seen", "seen.total", "a", "a[]", "a[].by", "a[].ok", "n", "n.*")},
    }
    assert told(["bob@x.example", "at", "_id"])["at"] == "*"


def test_keys_of_one_object() -> None:
    names = Names({"seen", "seen.total", "map", "map.*"}, documents=True)
    assert [key.segment for key in names.of("seen", ["total", "ana"])] == ["total", "ana"]
    assert [key.segment for key in names.of("seen", ["total", "ana", "a@b.example"])] == ["total", "*", "*"]
    assert [key.segment for key in names.of("map", ["ana"])] == ["*"]
    assert [(key.segment, key.data) for key in names.of("", ["_id", "new"])] == [("_id", False), ("new", True)]
    assert [key.segment for key in Names().of("", ["a b"])] == ["a b"], "a column of a table"
    assert (entry_of("seen.*.at[].ip"), entry_of("a.*[]"), entry_of("a.b")) == ("seen.*", "a.*", "")
