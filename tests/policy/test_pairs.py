"""What is typed and what runs in its place: pairs of texts, one file a dialect.

Each block of a file is: typed, then what runs (spaces folded), then the columns of the answer and whether masked.
"""

from pathlib import Path

import pytest

from apps.catalog.types import SourceSchema
from apps.compliance.policy.decide import decide
from apps.compliance.policy.types import Allowed
from tests.policy.shop import ANA, LIMITS, OLTP, RULES, WAREHOUSE

HERE = Path(__file__).parent / "pairs"
SCHEMAS = {"postgres": OLTP, "snowflake": WAREHOUSE}


def blocks() -> list[tuple[str, str]]:
    return [
        (name, block.strip()) for name in SCHEMAS for block in (HERE / f"{name}.txt").read_text().strip().split("\n\n")
    ]


def folded(text: str) -> str:
    return " ".join(text.split()).replace("( ", "(").replace(" )", ")")


@pytest.mark.parametrize(("dialect", "block"), blocks())
def test_pair(dialect: str, block: str) -> None:
    typed, runs, columns = (part.strip() for part in block.split("\n=>"))
    schema: SourceSchema = SCHEMAS[dialect]

    decision = decide(typed, ANA, schema, RULES, LIMITS)

    assert isinstance(decision, Allowed), decision
    assert folded(decision.text) == folded(runs)
    assert ", ".join(f"{column.name} {column.masked}" for column in decision.columns) == columns
