"""A value is found exactly, and nobody else's with it."""

import json
import unicodedata

import pytest

from apps.compliance.subjects.entries import without
from apps.compliance.subjects.match import Matcher, at, leaves, matcher_of
from apps.compliance.subjects.papers import every
from apps.compliance.subjects.patterns import forms
from apps.compliance.subjects.values import fits
from portal.stores.names import Names

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
        ("to=ann.a%2540x.example", "to=[erased]"),
        ("first\nann.a@x.example\nlast", "first\n[erased]\nlast"),
        ("ann%2Ea%40x%2eexample", "[erased]"),
        ("=22ann.a=40x.example=22", "=22[erased]=22"),
        (r"\u003cann.a\u0040x.example\u003e", r"\u003c[erased]\u003e"),
        (r"\\u0022ann.a\\u0040x.example", r"\\u0022[erased]"),
        ("%253Cann.a%2540x.example%253E", "%253C[erased]%253E"),
        ("ann.a&#x40;x.example", "[erased]"),
        ("ann.a&commat;x.example", "[erased]"),
        ("ann.a@x.example.csv", "[erased].csv"),
        ("ANN.A@X.EXAMPLE.csv.gz", "[erased].csv.gz"),
        ("ann.a@x.example.csv.example", "ann.a@x.example.csv.example"),
        (r"jo\u002bann.a@x.example", r"jo\u002bann.a@x.example"),
        ("Ann%2520Almond", "[erased]"),
        ("Almond,&nbsp;Ann", "[erased]"),
        ("Almond,Ann", "[erased]"),
        ("ALMOND ANN;x", "[erased];x"),
        ("\u9023\u7d61\u5148\u306fann.a@x.example\u3067\u3059", "\u9023\u7d61\u5148\u306f[erased]\u3067\u3059"),
        ("\u5ba2\u6237ann.a@x.example", "\u5ba2\u6237[erased]"),
        ("\u00e9ann.a@x.example", "\u00e9ann.a@x.example"),
        ("ann.a&#064;x.example", "[erased]"),
        ("ann.a&#x0040;x.example", "[erased]"),
        (r"ann.a\x40x.example", "[erased]"),
        ("+1 (0)201 5550142", "[erased]"),
        ("+1\u202f201\u202f555\u202f0142", "[erased]"),
        ("+1\u2013201\u2013555\u20130142", "[erased]"),
        ("+1\t201\t5550142", "[erased]"),
        ("%2B1%20201%205550142", "[erased]"),
        ("+1 201 5550142 99", "[erased] 99"),
    ],
)
def test_edges(text: str, cut: str) -> None:
    assert MATCHER.cut(text) == cut
    assert bool(MATCHER.found(text)) is (cut != text)
    if cut != text:
        assert MATCHER.may_match(json.dumps(text, ensure_ascii=False))


@pytest.mark.parametrize("text", ["\u0130brahim \u00c7elikatk", "I\u0307brahim C\u0327elikatk", "IBRAHIM CELIKATK"])
def test_a_name_is_found_however_its_accents_are_written(text: str) -> None:
    turkish = Matcher({"name": ["\u0130brahim \u00c7elikatk"]})
    assert turkish.cut(f"Buyer {text} called") == "Buyer [erased] called"
    assert turkish.may_match(json.dumps(text, ensure_ascii=False))


@pytest.mark.parametrize(
    "text",
    [
        "no\u00eb+o'brien@x.example", "noe\u0308+o'brien@x.example", "NO\u00cb+O'BRIEN@X.EXAMPLE",
        "no%C3%AB%2Bo%27brien%40x.example", "noe%CC%88%2Bo'brien@x.example", "no=C3=AB=2Bo'brien=40x.example",
        r"no\u00eb\u002Bo\u0027brien@x.example", "no&#235;&#43;o&#39;brien@x.example",
        "no&#xEB;+o&#x27;brien@x.example",
        "no\u00eb+o''brien@x.example", "no%25C3%25AB%252Bo%2527brien%2540x.example",
    ],
)  # fmt: skip
def test_an_address_is_found_however_its_signs_are_written(text: str) -> None:
    matcher = Matcher({"email": ["no\u00eb+o'brien@x.example"]})
    assert matcher.cut(f"({text})") == "([erased])"
    assert matcher.may_match(json.dumps(text, ensure_ascii=False))
    assert matcher.may_match(text)
    assert matcher.cut(f"jo{text}") == f"jo{text}"


@pytest.mark.parametrize(
    "text",
    ["Zo%C3%AB D%27Arc", "Zo\u00eb D&#x27;Arc", "D''Arc, Zoe\u0308", r"zo\u00eb\u0020d\u0027arc", "Zoe D\u2019Arc"],
)
def test_a_name_is_found_however_its_signs_are_written(text: str) -> None:
    matcher = Matcher({"name": ["Zo\u00eb D'Arc"]})
    assert matcher.cut(f"for {text}.") == "for [erased]."
    assert matcher.may_match(json.dumps(text, ensure_ascii=False))


def test_an_object_that_looks_like_a_date_is_cut() -> None:
    change = without(
        {"t": {"$date": "ann.a@x.example"}, "at": {"$date": "2026-01-01T00:00:00Z"}},
        Names(),
        MATCHER,
        spared=frozenset(),
    )
    assert change.fields["t"].fields["$date"].texts == {"ann.a@x.example": "[erased]"}
    assert not change.fields["at"]


def test_an_accent_more_or_less_is_another_address() -> None:
    for mine, other in (("jose@x.example", "jos\u00e9@x.example"), ("jos\u00e9@x.example", "jose@x.example")):
        for form in ("NFC", "NFD"):
            assert Matcher({"email": [mine]}).found(unicodedata.normalize(form, other)) == set()
            assert Matcher({"email": [mine]}).found(unicodedata.normalize(form, mine))


def test_a_store_is_asked_for_what_every_spelling_of_the_sign_has() -> None:
    for value in ("ann@mail.example", "ann.\u00eb@m.example", "ann@\u00ebx.example"):
        matcher = Matcher({"email": [value]})
        for sign in forms("@"):
            assert matcher.may_match(value.replace("@", sign)), sign


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


def test_what_stands_in_many_texts_by_chance_is_not_followed() -> None:
    names = ("Payout", "camila araujo", "camila araujo 2")
    assert [fits("name", text) for text in names] == [False, True, False]
    numbers = ("555-1234", "2026 01 02", "+45 20 26 01 02", "0045 20260102", "0170 5550123 4", "+49 170")
    assert [fits("phone", text) for text in numbers] == [False, False, True, True, True, False]
    assert fits("email", "a@b")
    assert not fits("email", '{"a": "a@b"}')


def test_a_name_inside_an_address_is_a_part_of_the_address() -> None:
    matcher = Matcher({"name": ["camila araujo"]})
    assert matcher.found("camila araujo.b@mail.example") == set()
    assert matcher.found("camila araujo at mail") == {("name", "camila araujo")}
