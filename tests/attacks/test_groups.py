"""A dataset in groups: worlds in which other people of a group that is too small have other values are one to the reader.

**Trust model.** As in `test_worlds.py`. The reader may know which rows, groups and values there are at all, and what sums over
enough people tell; not what is whose in a group of fewer.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.utils import timezone

from apps.catalog import services as catalog
from apps.catalog.models import Source
from apps.compliance import gate, governance, services
from apps.compliance.policy.types import Allowed
from portal.accounts.models import User
from portal.accounts.types import Purpose
from portal.stores import open_store
from tests.attacks import in_groups
from tests.attacks.ways import raw, seen, shape
from tests.vault import HOUSE, KINDS, NAMESPACES, asked, govern

SOURCES = ("oltp", "warehouse", "documents")
NAMES = {"oltp": "vault.payers", "warehouse": "VAULT.PAYERS", "documents": "payers"}
STORED = {"oltp": str, "warehouse": str.upper, "documents": str}


def rules(source: str, at_least: int = in_groups.AT_LEAST) -> dict[str, Any]:
    named = STORED[source]
    columns = {named(name): category for name, category in in_groups.CATEGORIES.items()}
    more = {"_id": in_groups.OPERATIONS, "tags[]": in_groups.OPERATIONS} if source == "documents" else {}
    size = {"id": "few", "source": source, "dataset": NAMES[source], "entity": named("customer_id")}
    return {
        "version": 1,
        "sources": {source: {NAMES[source]: {"columns": columns | more}}},
        "policies": {"group_sizes": [{**size, "at_least": at_least, "roles": ["analyst"]}] if at_least else []},
        "access": [{"roles": ["analyst"], "source": source, "datasets": ["*"]}],
    }


@pytest.fixture
def payers(ana: User) -> Iterator[Callable[[str], None]]:
    """Makes the table in a source and puts it under a rule; takes it away again."""
    known: list[str] = []

    def put(source: str) -> None:
        known.append(source)
        in_groups.made(source)
        row = Source.objects.get(name=source)
        infos = list(open_store(source, "catalog").introspect(namespaces=[*NAMESPACES[source], "payers"]))
        catalog.write_sync(actor=HOUSE, source=row, infos=infos, started=timezone.now())
        assert Source.objects.get(name=source).kind == KINDS[source]
        write(rules(source))

    govern(*SOURCES, masks=in_groups.MASKS)
    yield put
    for source in known:
        in_groups.gone(source)


def write(content: dict[str, Any]) -> None:
    services.write_governance(actor=HOUSE, rules=governance.read("groups.yaml", content), content=content)


def attacks(source: str) -> list[Any]:
    if source == "documents":
        return in_groups.OF_DOCUMENTS
    more = in_groups.OF_POSTGRES if source == "oltp" else in_groups.OF_WAREHOUSE
    return [text_of(text) for text in [*in_groups.BOTH, *more]]


def text_of(text: str) -> str:
    tables = {"P": in_groups.Q, "H": in_groups.OTHERS, "L": in_groups.LARGE_ONES}
    return in_groups.PLACES.sub(lambda found: tables[found.group()], text)


def in_worlds(source: str, question: Callable[[], list[str]]) -> list[tuple[str, str]]:
    answers = {}
    for world in ("b", "a"):
        in_groups.put(source, world)
        answers[world] = question()
    return list(zip(answers["a"], answers["b"], strict=True))


@pytest.mark.parametrize("source", SOURCES)
def test_worlds_that_differ_in_small_groups_are_one(ana: User, payers: Callable[[str], None], source: str) -> None:
    payers(source)
    listed = attacks(source)
    governed = in_worlds(source, lambda: [shape(seen(ana, source, text)) for text in listed])
    bare = in_worlds(source, lambda: [raw(source, text) for text in listed])

    told = [f"{text}: {a} | {b}" for text, (a, b) in zip(listed, governed, strict=True) if a != b]
    empty = [f"{text}: {a}" for text, (a, b) in zip(listed, bare, strict=True) if a == b]

    assert told == []
    assert "\n".join(empty) == ""
    assert len(listed) >= 30


@pytest.mark.parametrize("source", SOURCES)
def test_nothing_of_a_small_group_is_shown(ana: User, payers: Callable[[str], None], source: str) -> None:
    payers(source)
    answers = [seen(ana, source, text) for text in attacks(source)]
    shown = [answer for answer in answers if answer.startswith("([") and ("'FI'" in answer or "'MT'" in answer)]
    assert shown == []
    assert any(answer.startswith("([") for answer in answers), "some are answered, with their large groups"


def benign(source: str) -> list[tuple[Any, Any]]:
    """What is typed, and the question of the store itself that has the same answer."""
    if source == "documents":
        pairs = in_groups.BENIGN_OF_DOCUMENTS
        return [({"collection": "payers", "pipeline": a}, {"collection": "payers", "pipeline": b}) for a, b in pairs]
    return [(text_of(typed), text_of(bare)) for typed, bare in in_groups.BENIGN]


@pytest.mark.parametrize("source", SOURCES)
def test_large_groups_are_exact(ana: User, payers: Callable[[str], None], source: str) -> None:
    payers(source)
    wrong = []
    for typed, bare in benign(source):
        told = seen(ana, source, typed)
        write(rules(source, at_least=0))
        exact = seen(ana, source, bare)
        write(rules(source))
        if told != exact or not told.startswith("([["):
            wrong.append(f"{typed}: {told} instead of {exact}")
    assert "\n".join(wrong) == ""
    assert len(benign(source)) >= 10


@pytest.mark.parametrize("source", SOURCES)
def test_less_than_the_smallest_group_is_no_row(ana: User, payers: Callable[[str], None], source: str) -> None:
    """Three people with six rows are three; rows of nobody are nobody's."""
    payers(source)
    sizes = {"MT": 1, "FI": 3, "XX": 0, "DE": 6, "NL": 12}
    for least in (2, 3, 6, 7, 12, 13):
        write(rules(source, at_least=least))
        text: Any = text_of("select country, count(*) as n from P group by country")
        if source == "documents":
            text = {"collection": "payers", "pipeline": [{"$sortByCount": "$country"}]}
        assert {row[0] for row in asked(ana, source, text).rows} == {c for c, size in sizes.items() if size >= least}


def test_another_role_reads_rows(ana: User, payers: Callable[[str], None]) -> None:
    payers("oltp")
    content = rules("oltp")
    content["policies"]["group_sizes"][0]["roles"] = ["ml_engineer"]
    write(content)
    assert len(asked(ana, "oltp", "select id from vault.payers").rows) == len(in_groups.payers("a"))


def test_the_rule_is_told(ana: User, payers: Callable[[str], None]) -> None:
    payers("oltp")
    with gate.run_query(
        user=ana, purpose=Purpose.ANALYTICS, source="oltp", text="select count(*) as n from vault.payers"
    ) as answer:
        decision = answer.judgement.decision
    assert isinstance(decision, Allowed)
    assert gate.estimate(answer.judgement).answer is None, "a planner's guess would tell of small groups"
    assert decision.notes == ("Groups of fewer than 5 customer_id are left out by the rule “few”.",)
