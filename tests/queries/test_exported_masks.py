"""What the estate hides is hidden in every file, too: canaries in all three stores, in all four formats."""

import json
from dataclasses import replace
from typing import Any

import pytest

from apps.compliance import gate
from apps.compliance.policy.types import Allowed
from apps.queries import results, services
from apps.queries.exports import services as exports
from apps.queries.exports.formats import FORMATS
from apps.queries.models import Execution
from apps.queries.results import path_of
from portal.accounts.models import User
from portal.accounts.types import Purpose
from portal.audit.types import Actor
from tests.queries.test_exports import detail_of, read
from tests.vault import CANARIES

SOURCES = ("oltp", "warehouse", "documents")
ASKED = {
    "oltp": "select * from customers",
    "warehouse": "select * from customers",
    "documents": '{"collection": "sessions"}',
}


def run(owner: User, source: str) -> tuple[Execution, gate.Answer]:
    """As the worker does."""
    actor, purpose = Actor.of(owner), Purpose.ANALYTICS
    row = services.start_execution(actor=actor, user=owner, purpose=purpose, source=source, text=ASKED[source])
    with gate.run_query(user=owner, purpose=purpose, source=source, text=ASKED[source]) as answer:
        names = [column.name for column in answer.columns]
        types = results.write(row.pk, answer.batches, names, by_name=source == "documents")
    assert isinstance(answer.judgement.decision, Allowed)
    told = services.outcome_of(source, answer.judgement.decision, types)
    outcome = replace(told, policy_version=answer.judgement.policy_version)
    services.finish(key=row.pk, outcome=outcome, rows=answer.rows, truncated=False, judgement=answer.judgement)
    row.refresh_from_db()
    return row, answer


@pytest.mark.parametrize("source", SOURCES)
def test_no_hidden_value_is_in_any_file(ana: User, source: str) -> None:
    row, answer = run(ana, source)
    assert answer.rows > 0
    assert found(path_of(row.pk).read_bytes()) == []
    for word in FORMATS:
        content = b"".join(exports.export(actor=Actor.of(ana), execution=row, word=word).chunks)
        rows = read(word, content)
        assert (len(rows), len(rows[0])) == (answer.rows + 1, len(answer.columns))
        assert "***" in str(rows)
        assert found(content, rows) == []
        detail = detail_of(row, word)
        assert (detail["rows"], detail["policy_version"]) == (answer.rows, answer.judgement.policy_version)


def found(content: bytes, rows: Any = "") -> list[str]:
    told = json.dumps(rows, default=str, ensure_ascii=False).lower()
    return [canary for canary in CANARIES if canary in told or canary.encode() in content]
