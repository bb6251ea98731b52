"""A value is found exactly, and nobody else's with it."""

import pytest

from apps.compliance.subjects.match import Matcher, at, leaves, matcher_of
from apps.compliance.subjects.papers import every
from apps.compliance.subjects.values import fits

MATCHER = Matcher({"email": ["Ann.A@x.example"], "phone": ["+1 (201) 555-0142"], "name": ["Ann Almond", "Al"]})


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("ann.a@X.example", "[erased]"),
        ("<mailto:ANN.A@x.example>, urgent", "<mailto:[erased]>, urgent"),
        ("write to ann.a@x.example.", "write to [erased]."),
        ("joann.a@x.example", "joann.a@x.example"),
        ("ann.a@x.example.org", "ann.a@x.example.org"),
        ("ann.a@x.example-shop", "ann.a@x.example-shop"),
        ("call +12015550142!", "call [erased]!"),
        ("call 12015550142", "call [erased]"),
        ("id 912015550142", "id 912015550142"),
        ("Mr.Ann Almond's", "Mr.[erased]'s"),
        ("Joann Almond", "Joann Almond"),
        ("Al said so", "Al said so"),  # too short to be anybody's
        ('{"log":"first\\nann.a@x.example wrote"}', '{"log":"first\\n[erased] wrote"}'),
        ("?to=%22A%22%20%3Cann.a@x.example%3E", "?to=%22A%22%20%3C[erased]%3E"),
        ("to=ann.a%40x.example&x", "to=[erased]&x"),
        ("-ann.a@x.example", "-[erased]"),
        ("write to...ann.a@x.example", "write to...[erased]"),
        ("to ann.a@x.example.Thanks", "to [erased].Thanks"),
        ("jo%2Bann.a@x.example", "jo%2Bann.a@x.example"),
        ("call +1 201 555 01 42", "call [erased]"),
        ("call 0012015550142", "call [erased]"),
        ("Almond, Ann", "[erased]"),
        ("Ann  Almond, Ann\u00a0Almond", "[erased], [erased]"),
    ],
)
def test_edges(text: str, cut: str) -> None:
    assert MATCHER.cut(text) == cut
    assert bool(MATCHER.found(text)) is (cut != text)
    if cut != text:
        assert MATCHER.may_match(text)


@pytest.mark.parametrize("text", ["\u0130brahim \u00c7elikatk", "I\u0307brahim C\u0327elikatk", "IBRAHIM CELIKATK"])
def test_a_name_is_found_however_its_accents_are_written(text: str) -> None:
    turkish = Matcher({"name": ["\u0130brahim \u00c7elikatk"]})
    assert turkish.cut(f"Buyer {text} called") == "Buyer [erased] called"
    assert turkish.may_match(text)


def test_whole_values() -> None:
    assert MATCHER.whole(" ANN.A@x.example ") == ("email", "ann.a@x.example")
    assert MATCHER.whole("+1-201-555-0142") == ("phone", "12015550142")
    assert MATCHER.whole("call 12015550142") is None


def test_documents() -> None:
    body = {"a": [{"b": ["x ann.a@x.example"]}], "n": 12015550142, "ann.a@x.example": {"Ann Almond": 1}}
    hits = {path for path, text in leaves(body) if MATCHER.found(text)}
    assert hits == {"a[].b[]", "n", "ann.a@x.example.*"}
    assert MATCHER.cut_all(body)["a"] == [{"b": ["x [erased]"]}]
    assert MATCHER.cut_all(body)["n"] is None
    assert at(body, "a[].b[]") == ["x ann.a@x.example"]
    assert list(leaves({"at": {"$date": "2026"}})) == [("at", "2026")]


def test_kinds_are_told_by_their_looks() -> None:
    found = matcher_of(["ann.a@x.example", "12015550142", "ann almond"])
    assert found.values == {"email": ["ann.a@x.example"], "phone": ["12015550142"], "name": ["ann almond"]}


def test_paths_through_arrays() -> None:
    path, more = every("a[].b[].c")
    assert path == "a.$[e0].b.$[e1].c"
    assert more == {"arrayFilters": [{"e0.b": {"$exists": True}}, {"e1.c": {"$exists": True}}]}


def test_one_word_is_a_name_only_in_the_row_of_the_identity() -> None:
    texts = ("camila", "camila araujo", "camila araujo 2")
    assert [fits("name", text, whole=False) for text in texts] == [False, True, False]
    assert [fits("name", text, whole=True) for text in texts] == [True, True, False]


def test_a_name_inside_an_address_is_a_part_of_the_address() -> None:
    matcher = Matcher({"name": ["camila araujo"]})
    assert matcher.found("camila araujo.b@mail.example") == set()
    assert matcher.found("camila araujo at mail") == {("name", "camila araujo")}
