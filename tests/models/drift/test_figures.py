"""The figures of drift, against sums that were done by hand."""

import math

import pytest

from apps.models.drift.compare import compare
from apps.models.drift.spread import LEAST_SHARE, MISSING, OTHER, Spread, of_numbers, of_words, psi, spread_of


def test_psi_by_hand() -> None:
    """Two halves against a quarter and three quarters:
    (0.25 - 0.5) ln(0.25 / 0.5) + (0.75 - 0.5) ln(0.75 / 0.5) = 0.1733 + 0.1014 = 0.2747"""
    assert psi((0.5, 0.5), (0.25, 0.75)) == pytest.approx(0.274653, abs=1e-6)
    assert psi((0.2, 0.8), (0.2, 0.8)) == 0


def test_an_empty_bin_is_far_and_not_infinite() -> None:
    found = psi((1.0, 0.0), (0.0, 1.0))
    assert found == pytest.approx(2 * (1 - LEAST_SHARE) * math.log(1 / LEAST_SHARE))


def test_bins_of_a_number_are_its_deciles() -> None:
    feature = of_numbers("AMOUNT", [float(n) for n in range(1, 101)])
    assert feature.edges == tuple(float(n) for n in range(10, 100, 10))
    assert feature.shares == pytest.approx((*[0.1] * 10, 0.0))
    assert (feature.labels[0], feature.labels[-2:]) == ("up to 10", ("over 90", MISSING))
    assert feature.typical == 50


def test_a_number_that_is_nearly_always_nought_keeps_two_bins() -> None:
    feature = of_numbers("DECLINED", [0.0] * 97 + [1.0, 2.0, 3.0])
    assert (feature.edges, feature.shares) == ((0.0,), (0.97, 0.03, 0.0))


def test_what_is_missing_has_a_bin_of_its_own() -> None:
    feature = of_numbers("RATIO", [1.0, 2.0, None, math.nan])
    assert feature.shares[-1] == 0.5
    assert of_words("CHANNEL", ["web", None]).shares == (0.5, 0.0, 0.5)


def test_a_word_that_training_never_saw_is_other() -> None:
    feature = of_words("CHANNEL", ["web", "web", "app"])
    assert feature.labels == ("web", "app", OTHER, MISSING)
    assert feature.shares_of(["kiosk", "web"]) == (0.5, 0.0, 0.5, 0.0)


def test_whole_numbers_and_truths_have_a_typical_value_that_they_can_have() -> None:
    spread = spread_of(
        {"HOUR": [1, 2, 3, 4], "NEW": [True, True, False, True]}, {"HOUR": "long", "NEW": "boolean"}, [0.1] * 4
    )
    assert [each.typical for each in spread.features] == [2, True]
    assert isinstance(spread.features[0].typical, int)
    assert Spread.of_json(spread.as_json()) == spread


def test_one_of_two_inputs_that_moved_is_half_of_them() -> None:
    columns = {"AMOUNT": [float(n) for n in range(100)], "HOUR": [n % 4 for n in range(100)]}
    spread = spread_of(columns, {"AMOUNT": "double", "HOUR": "long"}, [n / 100 for n in range(100)])
    same = [{"AMOUNT": float(n), "HOUR": n % 4} for n in range(100)]
    moved = [{"AMOUNT": 1_000.0, "HOUR": n % 4} for n in range(100)]
    scores = [n / 100 for n in range(100)]
    steady = compare(spread, same, scores, limit=0.25)
    assert (steady.share, steady.score.psi, [each.psi for each in steady.features]) == (0, 0, [0, 0])
    drift = compare(spread, moved, scores, limit=0.25)
    assert (drift.share, drift.drifted) == (0.5, 1)
    # all of ten bins went into the last: nine times (0.0001 - 0.1) ln(0.0001 / 0.1), and (1 - 0.1) ln(1 / 0.1)
    by_hand = 9 * (1e-4 - 0.1) * math.log(1e-3) + 0.9 * math.log(10)
    assert drift.features[0].psi == pytest.approx(by_hand, abs=1e-3)
