"""Two worlds in which the same rows have equal addresses, and every address is another: under tokens they are one.

Tokens themselves differ, for they come from the address. What a reader can do with them is count, group, join and compare
for equality; so the answers are compared with each token named by where it first appears.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from apps.compliance.gate import QueryFailed, QueryRefused
from apps.compliance.policy.masks.leaks import classes
from apps.compliance.policy.types import MaskKind
from portal.accounts.models import User
from tests.attacks.worlds import put_documents, put_rows
from tests.vault import CUSTOMERS, FEEDBACK, MASKS, OPERATIONS, SESSIONS, asked, govern, ungoverned

SOURCES = ("oltp", "warehouse", "documents")
TOKENS = [
    {"id": "operational", "category": OPERATIONS, "mask": "clear"},
    {"id": "mail", "category": "user.contact.email", "mask": "token"},
]
RAW = "zoë.kanarie@example.org"
# Two customers share one address, so that there is something to join on.
SHARED = [*CUSTOMERS, (5, RAW, None, None, None, "GB", None)]
QUERIES = [
    "select id, email from customers order by id",
    "select email, count(*) from customers group by email order by count(*) desc, min(id)",
    "select count(distinct email), count(email) from customers",
    "select a.id, b.id from customers a join customers b on a.email = b.email order by 1, 2",
    f"select id from customers where email = '{RAW}'",
    "select id from customers where email like '%example%' or email like '%@%'",
    "select distinct length(email) from customers order by 1",
    "select id, dense_rank() over (partition by email order by id) from customers order by id",
    "select count(*) from (select email from customers intersect select email from customers where id > 2) t",
    "select id from customers where upper(email) = upper(email) order by id",
    "select h.id, c.email from charges h join customers c on c.id = h.customer_id order by h.id",
    "select cast(email as int) from customers",
    "select portico.token('analytics', 'x') from customers",
    "select PORTICO.MASKS.TOKEN('analytics', 'x') from customers",
    "select split_part(email, '@', 2) from customers where id = 1",
]
BY_ID = {"$sort": {"_id": 1}}
JOIN = {"$lookup": {"from": "feedback", "localField": "email", "foreignField": "email", "as": "f"}}
PIPELINES: list[list[dict[str, Any]]] = [
    [BY_ID, {"$project": {"email": 1}}],
    [{"$group": {"_id": "$email", "n": {"$sum": 1}}}, {"$group": {"_id": "$n", "times": {"$sum": 1}}}, BY_ID],
    [JOIN, BY_ID, {"$project": {"n": {"$size": "$f"}}}],
    [{"$match": {"email": RAW}}],
    [{"$match": {"email": {"$regex": "example"}}}],
    [BY_ID, {"$project": {"x": {"$strLenCP": {"$ifNull": ["$email", ""]}}}}],
    [BY_ID, {"$project": {"x": {"$toInt": "$email"}}}],
    [BY_ID, {"$project": {"x": {"$objectToArray": "$$ROOT"}}}],
    [BY_ID, {"$project": {"x": "$portico_token_analytics"}}],
]


def renamed(value: str | None) -> str | None:
    """Longer, with another domain, in another order: the same for the same."""
    return None if value is None else f"{value[::-1]}.{len(value) * 7}@anders.test"


def put(source: str, *, other: bool) -> None:
    def name(value: str | None) -> str | None:
        return renamed(value) if other else value

    if source == "documents":
        for collection, documents in (("sessions", SESSIONS), ("feedback", FEEDBACK)):
            put_documents(collection, [{**document, "email": name(document["email"])} for document in documents])
        return
    put_rows(source, "customers", [(row[0], name(row[1]), *row[2:]) for row in SHARED])


@pytest.fixture(params=SOURCES)
def source(request: pytest.FixtureRequest, ana: User) -> Iterator[str]:
    govern(*SOURCES, masks=[*TOKENS, *(rule for rule in MASKS if rule["id"] not in {"operational", "email-domain"})])
    yield request.param
    if request.param == "documents":
        put(request.param, other=False)
    else:
        put_rows(request.param, "customers", CUSTOMERS)


def seen(user: User, source: str, text: Any) -> str:
    try:
        told = asked(user, source, text)
    except QueryRefused as refusal:
        return f"refused: {refusal.refused}"
    except QueryFailed as failure:
        return f"failed: {failure.message} {failure.code}"
    return named(json.dumps([told.rows, [[c.name, str(c.masked), c.reason] for c in told.columns]]))


def named(answer: str) -> str:
    """Each token by the place at which it first appears."""
    places: dict[str, str] = {}
    return re.sub("tok_[0-9a-f]{32}", lambda found: places.setdefault(found[0], f"token {len(places)}"), answer)


def test_the_worlds_agree_in_what_tokens_tell_and_in_nothing_else() -> None:
    ours = [row[1] for row in SHARED]
    theirs = [renamed(value) for value in ours]
    assert classes(MaskKind.TOKEN, ours) == classes(MaskKind.TOKEN, theirs)
    assert not set(filter(None, ours)) & set(filter(None, theirs))


def test_worlds_of_equal_tokens_cannot_be_told_apart(ana: User, source: str) -> None:
    texts: list[Any] = QUERIES
    bare: Any = f"select email from {'vault' if source == 'oltp' else 'ANALYTICS.VAULT'}.customers"
    if source == "documents":
        texts = [{"collection": "sessions", "pipeline": pipeline} for pipeline in PIPELINES]
        bare = texts[0]
    answers = {}
    for other in (True, False):
        put(source, other=other)
        answers[other] = [seen(ana, source, text) for text in texts], ungoverned(source, bare)
    assert answers[True][1] != answers[False][1], "without the gate they are told apart"
    assert answers[True][0] == answers[False][0]
    assert "token 1" in answers[True][0][0]
