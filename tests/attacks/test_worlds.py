"""The proof of the policy engine: through the gate, two worlds that differ in what a reader may not see are one.

**Trust model.** The reader is signed in, holds one role and types any text; what is typed is hostile. The reader sees rows, names and
labels of columns, refusals, errors, and how often each comes; rows in the order that they asked for. They may see what their masks declare to leak
(`apps/compliance/policy/masks/leaks.py`) and nothing else. The stores are honest. Not looked at: how long an answer takes, and many
narrow counts over columns that are shown as they are.
"""

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from apps.compliance.policy.masks.leaks import EQUALITY
from apps.compliance.policy.types import MaskKind
from portal.accounts.models import User
from tests.attacks import in_documents, in_sql
from tests.attacks.corpus import Attack, attacks, text_only
from tests.attacks.proof import counted
from tests.attacks.ways import Leak, Oracle, raw, seen, shape, told_elsewhere
from tests.attacks.worlds import another, leaks, worlds
from tests.vault import CANARIES, MASKS, govern
from tests.vault import leaks as canaries_in

TOKEN = re.compile("tok_[0-9a-f]{32}")
SOURCES = ("oltp", "warehouse", "documents")


class Verdict(NamedTuple):
    attack: Attack
    works: bool  # without the gate
    told: str

    @property
    def empty(self) -> bool:
        return not self.works and not self.attack.may_be_empty


def typed(listed: list[Leak | Oracle], source: str) -> list[Attack]:
    """The attacks of the neighbouring files, each question of an oracle by itself."""
    found = []
    for each in listed:
        texts = [each.right, each.wrong] if isinstance(each, Oracle) else [each.text]
        texts = [json.loads(text) if source == "documents" and isinstance(text, str) else text for text in texts]
        empty = isinstance(each, Leak) and bool(each.would or each.bare is not None)
        found += [
            Attack(source, each.name, text, may_be_empty=empty or number > 0) for number, text in enumerate(texts)
        ]
    return found


CORPUS = {
    "oltp": [*attacks("p"), *typed([*in_sql.SQL], "oltp")],
    "warehouse": [*attacks("s"), *typed([*in_sql.SHARED, *in_sql.HISTORY], "warehouse")],
    "documents": [
        *attacks("m"),
        *typed([*in_documents.FIELDS, *in_documents.OTHERS, *in_documents.ORACLES], "documents"),
    ],
}


def told_apart(user: User, source: str, listed: list[Attack], **more: Any) -> list[Verdict]:
    with worlds(source, **more) as ask:
        governed = ask(
            lambda: [classes(shape(seen(user, source, attack.text, ordered=attack.ordered))) for attack in listed]
        )
        bare = ask(lambda: [raw(source, attack.text) for attack in listed])
    verdicts = []
    for attack, a, b, bare_a, bare_b in zip(listed, governed["a"], governed["b"], bare["a"], bare["b"], strict=True):
        told = "" if a == b else " | ".join(parted(a, b))
        if not told and (shown := [word for word in canaries_in(a) if word not in str(attack.text).lower()]):
            told = f"it shows {shown}"
        verdicts.append(Verdict(attack, bare_a != bare_b, told))
    return verdicts


def classes(answer: str) -> str:
    """Tokens by the order in which they come: which of them are equal is told, and nothing else."""
    known: dict[str, str] = {}
    return TOKEN.sub(lambda found: known.setdefault(found.group(), f"token {len(known)}"), answer)


def parted(a: str, b: str) -> tuple[str, str]:
    """The places where two answers part."""
    place = max(0, next((n for n, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b))) - 80)
    return a[place : place + 200], b[place : place + 200]


@pytest.mark.parametrize("source", SOURCES)
def test_nobody_tells_two_worlds_apart(ana: User, source: str, caplog: pytest.LogCaptureFixture) -> None:
    verdicts = told_apart(ana, source, CORPUS[source])
    assert told_elsewhere(caplog.text) == [], "in the portal's log or trail"
    leaks_found = sum(bool(verdict.told) for verdict in verdicts)
    works = sum(verdict.works for verdict in verdicts)
    counted(source, tried=len(verdicts), attacks=works, leaks=leaks_found)
    told = [f"{verdict.attack.name}: {verdict.told}" for verdict in verdicts if verdict.told]
    empty = [verdict.attack.name for verdict in verdicts if verdict.empty]
    assert not told, "\n".join(told)
    assert not empty, "These tell nothing without the gate, too:\n" + "\n".join(empty)


@pytest.mark.parametrize("source", SOURCES)
def test_what_may_not_run_is_refused(ana: User, source: str) -> None:
    answers = {attack.name: seen(ana, source, attack.text) for attack in text_only(source)}
    allowed = [name for name, answer in answers.items() if not answer.startswith("refused:")]
    counted(source, text_only=len(answers), text_only_allowed=len(allowed))
    assert allowed == []
    assert len(answers) > 20


def test_a_mask_that_declares_too_little_is_found_out(ana: User) -> None:
    """The same worlds, made as if a masked address told nothing: its domain differs, and that is seen."""

    def too_little(kind: MaskKind, value: Any) -> Any:
        return None if kind is MaskKind.PARTIAL_EMAIL else leaks(kind, value)

    plain = [Attack("oltp", "plain", "select email from vault.customers")]
    assert [verdict.told for verdict in told_apart(ana, "oltp", plain)] == [""]
    assert "example.org" in told_apart(ana, "oltp", plain, leak=too_little)[0].told


# A mask that tells which values are equal has worlds of its own: test_token_worlds.py.
@pytest.mark.parametrize("kind", [kind for kind in MaskKind if kind is not MaskKind.CLEAR and kind not in EQUALITY])
def test_the_worlds_differ_wherever_a_mask_hides_something(kind: MaskKind) -> None:
    samples = {
        MaskKind.YEAR: "1984-05-17",
        MaskKind.PARTIAL_CARD: "4242424242424242",
        MaskKind.PARTIAL_PHONE: "+44 20 5550142",
    }
    if kind in EQUALITY:
        assert another(kind, "zoë.kanarie@example.org") != another(kind, "li.kanarie@example.org")
        return
    value = samples.get(kind, "zoë.kanarie@example.org")
    other = another(kind, value, date=kind is MaskKind.YEAR)
    assert other != value
    assert leaks(kind, other) == leaks(kind, value)
    assert not [word for word in CANARIES if word in str(other)]


def test_the_corpus_is_large_enough() -> None:
    run = sum(len(listed) for listed in CORPUS.values())
    assert run >= 300, run
    assert len({(attack.source, str(attack.text)) for listed in CORPUS.values() for attack in listed}) >= 300
    assert {path.stem for path in (Path(__file__).parent / "corpus").glob("*.txt")} >= {
        "scopes", "stars", "predicates", "orders", "errors", "sets", "windows", "pivots", "semistructured", "masks", "textual", "documents",
    }  # fmt: skip


TOKENS = [
    {**rule, "mask": "token"} if rule["category"] in ("user.contact.email", "user.name") else rule for rule in MASKS
]
SQL_OF_TOKENS = [
    "select id, email from vault.customers order by id",
    "select count(distinct email) as n, count(email) as m from vault.customers",
    "select a.id, b.id as other from vault.customers a join vault.customers b on a.email = b.email order by 1, 2",
    "select count(*) as n from vault.customers where email = 'zoë.kanarie@example.org'",
    "select count(*) as n from vault.customers where email like '%kanarie%' or full_name like 'Z%'",
    "select length(email) as n, left(email, 4) as l from vault.customers order by id",
    "select id from vault.customers where full_name = email",
    "select count(*) as n from vault.customers where email = (select email from vault.customers where id = 1)",
    "select count(*) as n from vault.customers group by email order by 1",
]
DOCUMENTS_OF_TOKENS = [
    {"collection": "sessions", "sort": {"_id": 1}, "projection": {"email": 1}},
    {"collection": "sessions", "count": True, "filter": {"email": "zoë.kanarie@example.org"}},
    {"collection": "sessions", "pipeline": [{"$group": {"_id": "$email", "n": {"$sum": 1}}}, {"$group": {"_id": "$n", "m": {"$sum": 1}}}, {"$sort": {"_id": 1}}]},
    {"collection": "sessions", "pipeline": [{"$lookup": {"from": "feedback", "localField": "email", "foreignField": "email", "as": "f"}}, {"$sort": {"_id": 1}}, {"$project": {"n": {"$size": "$f"}}}]},
    {"collection": "feedback", "pipeline": [{"$graphLookup": {"from": "sessions", "startWith": "$session_id", "connectFromField": "_id", "connectToField": "_id", "as": "s"}}, {"$sort": {"_id": 1}}, {"$project": {"email": 1, "s.email": 1}}]},
    {"collection": "feedback", "pipeline": [{"$graphLookup": {"from": "sessions", "startWith": "$session_id", "connectFromField": "_id", "connectToField": "_id", "as": "s"}}, {"$sort": {"_id": 1}}, {"$project": {"x": "$$ROOT"}}]},
    {"collection": "sessions", "pipeline": [{"$project": {"x": "$$ROOT"}}, {"$sort": {"_id": 1}}]},
]  # fmt: skip


@pytest.mark.parametrize("source", SOURCES)
def test_tokens_tell_which_are_equal_and_nothing_else(ana: User, source: str) -> None:
    texts: list[Any] = DOCUMENTS_OF_TOKENS if source == "documents" else SQL_OF_TOKENS  # type: ignore[assignment]
    listed = [Attack(source, str(number), text, may_be_empty=True) for number, text in enumerate(texts)]
    govern(source, masks=TOKENS)
    assert "token 0" in classes(seen(ana, source, texts[0])), "tokens are what is looked at"
    verdicts = told_apart(ana, source, listed, masks=TOKENS)
    assert [f"{verdict.attack.text}: {verdict.told}" for verdict in verdicts if verdict.told] == []
    answers = [seen(ana, source, text) for text in texts]
    assert not [answer for answer in answers if answer.startswith(("refused", "failed"))]
    assert not [answer for answer in answers if "portico_" in answer]
