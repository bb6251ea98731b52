"""Search: what it finds, in which order, how it stays in step, and that nobody's hidden dataset tells of itself."""

import pytest
from django.db.models import F

from apps.catalog import services
from apps.catalog.finding.models import SearchWord
from apps.catalog.finding.words import distance, is_typo_of, words_of
from apps.catalog.forgetting import forget_names
from apps.catalog.models import Column, Dataset, Source
from apps.catalog.search import Wanted, facets, find
from portal.accounts.access import grant_view, known_ids
from portal.accounts.models import User
from portal.accounts.types import Role
from tests.catalog.builders import HOUSE, dataset, info, seen
from tests.people import person

pytestmark = pytest.mark.django_db


@pytest.fixture
def officer() -> User:
    seen(
        "oltp",
        [
            info("payments.public.charges", "id text", "amount bigint", "customer_id text"),
            info("payments.public.charge_events", "id text", "charge_id text"),
            info("payments.public.refunds", "id text", "charge_id text", "reasonText text"),
            info("payments.public.Größen", "id text", "größe text"),
        ],
    )
    return person("olga", Role.OFFICER)


def names(who: User, text: str, **facets: str) -> list[str]:
    return [row.name for row in find(who, Wanted(text, **facets))[:50]]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("charges", ["charges"]),
        ("CHARGE", ["charge_events", "charges", "refunds"]),  # names first, then what has such a column
        ("charge events", ["charge_events"]),
        ("public.charges", ["charges"]),
        ("chagres", ["charges"]),
        ("refnuds reason", ["refunds"]),
        ("refunds zzyzx", ["refunds"]),
        ("grosse", ["Größen"]),
        ("ount", ["charges"]),  # inside of "amount"
        ("reason", ["refunds"]),
        ("zzyzx", []),
        ("' | *:& !", []),
        ("\\", []),
        ("", ["Größen", "charge_events", "charges", "refunds"]),
    ],
)
def test_what_is_found_and_in_which_order(officer: User, text: str, found: list[str]) -> None:
    got = names(officer, text)
    assert got[: len(found)] == found if found else got == []


def test_what_stands_higher_comes_first_among_equals(officer: User) -> None:
    Dataset.objects.filter(name="charges").update(standing=5)
    assert names(officer, "charge")[:2] == ["charges", "charge_events"]
    Dataset.objects.filter(name="refunds").update(standing=900)
    assert names(officer, "charge")[0] == "charges", "a name before a column, however much the other is used"


def test_it_is_in_step_with_every_change(officer: User) -> None:
    path = ("payments", "public", "refunds")
    services.describe(actor=HOUSE, source="oltp", path=path, description="Money that went back.")
    assert names(officer, "money") == ["refunds"]
    services.set_owner(actor=HOUSE, source="oltp", path=path, owner="team-returns")
    assert names(officer, "returns") == ["refunds"]
    seen("oltp", [info("payments.public.charges", "id text", "fee bigint")])
    assert names(officer, "fee") == ["charges"]
    assert names(officer, "amount") == []
    assert names(officer, "refunds") == []


def test_what_is_erased_leaves_no_word_behind(officer: User) -> None:
    seen("documents", [info("payments.seen", "_id string", "ana.lopez string", kind="collection")])
    assert SearchWord.objects.filter(word="lopez").exists()
    gone = Column.objects.filter(name="ana.lopez").values_list("pk", flat=True)
    forget_names(actor=HOUSE, datasets=[], columns=list(gone), checks=[], outcomes=[])
    assert not SearchWord.objects.filter(word__in=["lopez", "ana"]).exists()


def test_hidden_datasets_change_neither_results_nor_counts(officer: User, analyst: User) -> None:
    grant_view(actor=HOUSE, obj=dataset("oltp", "refunds"), roles=[Role.ANALYST])
    assert known_ids(analyst, Dataset) == [dataset("oltp", "refunds").pk]
    assert known_ids(officer, Dataset) is None
    questions = [Wanted(text) for text in ("charge", "charges", "chagres", "id", "zzyzx charge", "")]
    questions += [Wanted(source="oltp"), Wanted("charge", source="oltp"), Wanted(tag="x")]
    before = [([row.pk for row in find(analyst, each)[:50]], facets(analyst, each)) for each in questions]
    assert before[0][0] == [dataset("oltp", "refunds").pk]
    Dataset.objects.exclude(name="refunds").delete()
    SearchWord.objects.exclude(word__in=words_of("charge id reason text refunds public payments")).delete()
    Source.objects.update(revision=F("revision") + 1)
    after = [([row.pk for row in find(analyst, each)[:50]], facets(analyst, each)) for each in questions]
    assert after == before


def test_nobody_finds_anything(officer: User) -> None:
    assert names(person("outsider"), "charges") == []
    assert [facet.values for facet in facets(person("outsider"), Wanted())] == [()] * 6


def test_facets_and_tags(officer: User) -> None:
    Dataset.objects.filter(name="refunds").update(tags=["daily"])
    assert names(officer, "", tag="daily") == ["refunds"]
    assert names(officer, "charge", tag="daily") == ["refunds"]
    told = {facet.name: dict(facet.values) for facet in facets(officer, Wanted("charge", tag="daily"))}
    assert told["source"] == {"oltp": 1}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("RAW.OLTP_customerEmail", ["raw", "oltp", "customer", "email"]),
        ("Café Münster", ["cafe", "munster"]),
        ("straße", ["strasse"]),
        ("a'b\\c:*", ["a", "b", "c"]),
        ("", []),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    assert words_of(text) == words


def test_typing_errors() -> None:
    assert is_typo_of("chagres", "charges")
    assert is_typo_of("custmers", "customers")
    assert not is_typo_of("cat", "car")
    assert not is_typo_of("charges", "refunds")
    assert distance("ab", "ba") == 1
