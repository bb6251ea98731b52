"""Maps, whose keys are data: shown where somebody has said so."""

import json

from apps.compliance.policy.types import Masking
from portal.accounts.models import User
from tests.vault import asked

SOURCES = ("documents",)


def test_a_map_that_may_be_seen_is_shown_with_its_keys(ana: User) -> None:
    typed = {"collection": "sessions", "filter": {"pages": {"$ne": None}}, "projection": {"pages": 1, "seen": 1}}
    told = asked(ana, "documents", typed)
    shown = dict(zip([column.name for column in told.columns], told.rows[0], strict=True))
    assert json.loads(shown["pages"]) == {
        "/a.b": {"hits": 3, "by": None}, "$x": {"hits": 1, "by": None}, "": {"hits": 2, "by": None}
    }  # fmt: skip
    assert shown["seen"] is None
    columns = {column.name: (column.masked, column.reason) for column in told.columns}
    assert columns["pages"][0] is Masking.PARTLY
    assert columns["seen"][0] is Masking.YES
    deeper = asked(ana, "documents", {"collection": "sessions", "projection": {"pages./a.hits": 1}})
    assert deeper.columns[1].origins == ("sessions.pages.*.hits",)
