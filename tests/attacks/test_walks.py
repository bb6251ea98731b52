"""A walk compares what was read, in front of the masks. What the catalog has never seen in a field that is shown (a list
where a word was) is hidden by the mask, and may not be guessed through a walk either."""

from collections.abc import Iterator
from typing import Any

import pytest

from portal.accounts.models import User
from tests.attacks.ways import raw, seen
from tests.attacks.worlds import put_documents
from tests.vault import FEEDBACK, SESSIONS

SOURCES = ("documents",)


def put(session: Any, score: Any, device: Any) -> None:
    put_documents(
        "feedback",
        [
            *FEEDBACK,
            {"_id": "f4", "session_id": session, "score": 4},
            {"_id": "f5", "session_id": "s3", "score": score},
        ],
    )
    put_documents("sessions", [*SESSIONS, {"_id": "s4", "status": "open", "tags": ["new"], "device": device}])


@pytest.fixture
def strange(ana: User) -> Iterator[None]:
    put(["geheim-list"], [77], [{"os": "geheim-os"}])
    yield
    put_documents("feedback", FEEDBACK)
    put_documents("sessions", SESSIONS)


def walk(start: Any, to: str, source: str = "feedback", **more: Any) -> dict[str, Any]:
    looked = {"from": source, "startWith": start, "connectFromField": to, "connectToField": to, "as": "found", **more}
    counted = {"$project": {"n": {"$size": "$found"}}}
    return {"collection": "sessions", "pipeline": [{"$match": {"_id": "s3"}}, {"$graphLookup": looked}, counted]}


GUESSES = [
    (walk("geheim-list", "session_id"), walk("geheim-none", "session_id")),
    (walk("$_id", "session_id", restrictSearchWithMatch={"score": 77}), walk("$_id", "session_id", restrictSearchWithMatch={"score": 78})),
    (walk("geheim-os", "device.os", "sessions"), walk("geheim-none", "device.os", "sessions")),
]  # fmt: skip


@pytest.mark.parametrize(("right", "wrong"), GUESSES, ids=["list", "narrowed", "objects in a list"])
def test_a_list_that_the_catalog_never_saw_is_not_guessed(ana: User, strange: None, right: Any, wrong: Any) -> None:
    assert raw("documents", right) != raw("documents", wrong)
    assert "[['s3', 0]]" in seen(ana, "documents", right)
    assert seen(ana, "documents", right) == seen(ana, "documents", wrong)


def test_a_list_that_may_be_seen_is_walked(ana: User) -> None:
    assert "[['s3', 1]]" in seen(ana, "documents", walk("vip", "tags", "sessions"))
    assert "[['s3', 2]]" in seen(ana, "documents", walk("s1", "session_id"))
