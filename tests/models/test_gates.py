from typing import Any

import pytest

from apps.models import gates
from apps.models.types import Verdict

COMPARED = {"ours": 0.7, "theirs": 0.6, "low": 0.02, "high": 0.15, "difference": 0.1, "rows": 5000}


def columns(*named: str) -> dict[str, Any]:
    return {"inputs": [dict(zip(("name", "type"), name.split(), strict=True)) for name in named]}


@pytest.mark.parametrize(("low", "verdict"), [(0.0001, Verdict.PASSED), (0.0, Verdict.FAILED), (-0.1, Verdict.FAILED)])
def test_better_means_that_chance_does_not_explain_it(low: float, verdict: Verdict) -> None:
    found = gates.better({**COMPARED, "low": low}, None)
    assert found.verdict == verdict
    assert "0.700 against 0.600 of the base rate on 5,000 rows" in found.sentence


def test_what_could_not_be_compared_is_not_passed() -> None:
    found = gates.better({"why": "the files of version 3 in MLflow are not those that were registered"}, None)
    assert found.verdict == Verdict.UNKNOWN
    assert "not those that were registered" in found.sentence


@pytest.mark.parametrize(
    ("ours", "verdict", "said"),
    [
        (columns("A double", "B double"), Verdict.PASSED, "All 2 inputs"),
        (columns("A double"), Verdict.PASSED, "All 1 inputs"),
        (columns("A double", "C double"), Verdict.FAILED, "C is not sent today"),
        (columns("A double", "B long"), Verdict.FAILED, "B has another type"),
        ({}, Verdict.FAILED, "without a signature"),
    ],
)
def test_signature(ours: dict[str, Any], verdict: Verdict, said: str) -> None:
    found = gates.signature(ours, columns("A double", "B double"))
    assert found.verdict == verdict
    assert said in found.sentence


def test_the_first_version_needs_a_signature_too() -> None:
    assert gates.signature(columns("A double"), None).verdict == Verdict.PASSED
    assert gates.signature({}, None).verdict == Verdict.FAILED


def drifted(rows: int = 500, **psi: float) -> dict[str, Any]:
    return {"rows": rows, "columns": {name: {"psi": value, "ks": 0.1} for name, value in psi.items()}}


def test_drift_names_what_moved_most() -> None:
    found = gates.drift(drifted(A=0.3, B=0.9, C=0.1), 0.25)
    assert found.verdict == Verdict.FAILED
    assert "B (PSI 0.90), A (PSI 0.30)" in found.sentence
    assert gates.drift(drifted(A=0.25, C=0.1), 0.25).verdict == Verdict.PASSED


def test_too_few_current_rows_say_nothing() -> None:
    assert gates.drift(drifted(99, A=0.0), 0.25).verdict == Verdict.UNKNOWN
    assert gates.drift({}, 0.25).verdict == Verdict.UNKNOWN


def test_the_snapshot_is_the_one_that_was_registered() -> None:
    assert gates.snapshot("aa", "aa", 10).verdict == Verdict.PASSED
    assert gates.snapshot("aa", "ab", 10).verdict == Verdict.FAILED
