"""What analysts write every day runs, and its answer is exact in every column that is not masked: each query is put to the gate
and to the store itself."""

import json
from pathlib import Path
from typing import Any

import pytest

from apps.compliance import gate
from apps.compliance.policy.types import Masking
from apps.queries.results import chosen
from apps.queries.values import plain
from portal.accounts.models import User
from portal.stores import open_store
from portal.stores.types import Documents, Sql
from tests.attacks.corpus import made
from tests.attacks.proof import counted
from tests.vault import Told, asked

SOURCES = ("oltp", "warehouse", "documents")
LETTERS = {"oltp": "p", "warehouse": "s", "documents": "m"}


def queries(source: str) -> list[Any]:
    found = []
    for path in sorted((Path(__file__).parent / "benign").glob("*.txt")):
        for line in path.read_text(encoding="utf-8").splitlines():
            where, text = (part.strip() for part in line.split(" | ", 1))
            if LETTERS[source] in where:
                found.append(made(LETTERS[source], text, text).text)
    return found


def bare(source: str, text: Any, names: list[str], pipeline: Any) -> list[list[Any]]:
    """What the store answers to the account that reads everything."""
    statement: Any = Sql(text) if source != "documents" else Documents(text["collection"], tuple(pipeline))
    with open_store(source, "loader").read(statement) as rows:
        tables = [chosen(batch, names, by_name=source == "documents") for batch in rows]
    return [[plain(value) for value in row.values()] for table in tables for row in table.to_pylist()]


def clear(told: Told, rows: list[list[Any]]) -> list[str]:
    kept = [at for at, column in enumerate(told.columns) if column.masked is Masking.NO]
    return sorted(repr([row[at] for at in kept]) for row in rows)


@pytest.mark.parametrize("source", SOURCES)
def test_each_runs_and_is_exact_where_it_is_not_masked(ana: User, source: str) -> None:
    wrong = []
    for text in queries(source):
        try:
            told = asked(ana, source, text)
        except (gate.QueryRefused, gate.QueryFailed) as error:  # all of them are told at once
            wrong.append(f"{text}: {type(error).__name__} {getattr(error, 'refused', error)}")
            continue
        names = [column.name for column in told.columns]
        exact = bare(source, text, names, typed_stages(text) if source == "documents" else ())
        if clear(told, told.rows) != clear(told, exact):
            wrong.append(f"{text}: {told.rows} instead of {exact}")
    counted(source, benign=len(queries(source)), over_blocks=len(wrong))
    assert not wrong, "\n".join(wrong)


def typed_stages(text: dict[str, Any]) -> list[dict[str, Any]]:
    """The query as the store's own aggregation, where the console has a shorter form."""
    from apps.compliance.policy.mongo.parse import parse_request

    return [dict(stage) for stage in parse_request(json.dumps(text)).pipeline]


def test_there_are_enough() -> None:
    assert sum(len(queries(source)) for source in SOURCES) >= 100
