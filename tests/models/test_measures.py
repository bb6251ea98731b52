"""Every figure here was worked out by hand."""

import math

import numpy as np
import pytest

from apps.models.training import evidence, measures

LABELS = np.array([1.0, 0.0, 1.0, 0.0])
SCORES = np.array([0.9, 0.8, 0.7, 0.6])


def test_average_precision() -> None:
    # precision 1 at recall 1/2, precision 2/3 at recall 1
    assert measures.average_precision(LABELS, SCORES) == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)


def test_equal_scores_stand_or_fall_together() -> None:
    # one threshold takes all four: precision 1/2, whatever order the rows are in
    same = np.full(4, 0.5)
    assert measures.average_precision(LABELS, same) == pytest.approx(0.5)
    assert measures.average_precision(LABELS[::-1], same) == pytest.approx(0.5)


def test_weights_count_rows_as_often_as_they_say() -> None:
    ranking = measures.Ranking(LABELS, SCORES)
    doubled = measures.average_precision(np.append(LABELS, 0.0), np.append(SCORES, 0.8))
    assert ranking.average_precision(np.array([1.0, 2.0, 1.0, 1.0])) == pytest.approx(doubled)
    assert math.isnan(ranking.average_precision(np.array([0.0, 1.0, 0.0, 1.0])))


def test_roc_auc() -> None:
    # of four pairs of a fraud and none, the fraud is above in three
    assert measures.roc_auc(LABELS, SCORES) == pytest.approx(0.75)
    assert measures.roc_auc(LABELS, np.full(4, 0.5)) == pytest.approx(0.5)


def test_precision_at_and_threshold() -> None:
    assert measures.precision_at(LABELS, SCORES, 1) == 1.0
    assert measures.precision_at(LABELS, SCORES, 2) == 0.5
    # F1 at 0.9 is 2/3, at 0.7 it is 4/5
    assert measures.best_threshold(LABELS, SCORES) == 0.7


def test_calibration_says_what_was_said_and_what_came() -> None:
    assert measures.calibration(LABELS, SCORES, bins=2) == [
        {"said": 0.65, "came": 0.5, "rows": 2},
        {"said": 0.85, "came": 0.5, "rows": 2},
    ]


def test_population_stability_index() -> None:
    # half and half becomes a quarter and three quarters
    before, now = np.array([0.0, 0.0, 1.0, 1.0]), np.array([0.0, 1.0, 1.0, 1.0])
    expected = (0.25 - 0.5) * math.log(0.25 / 0.5) + (0.75 - 0.5) * math.log(0.75 / 0.5)
    assert evidence.psi(before, now) == pytest.approx(expected, abs=1e-9)
    assert evidence.psi(before, before) == 0


def test_what_is_missing_now_is_drift() -> None:
    before = np.arange(100, dtype=float)
    assert evidence.psi(before, np.append(before[:50], np.full(50, np.nan))) > 1


def test_kolmogorov_smirnov() -> None:
    assert evidence.ks(np.array([1.0, 2.0, 3.0, 4.0]), np.array([3.0, 4.0, 5.0, 6.0])) == pytest.approx(0.5)
    assert evidence.ks(np.array([1.0]), np.array([np.nan])) == 1.0


def world(noise: float, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    dice = np.random.default_rng(seed)
    labels = (dice.random(2000) < 0.05).astype(float)
    return labels, labels + noise * dice.standard_normal(2000)


def test_a_score_that_sees_more_is_better_beyond_chance() -> None:
    labels, good = world(0.4)
    _, bad = world(1.5)
    found = evidence.paired_bootstrap(labels, good, bad, resamples=200)
    assert found.low > 0
    assert found.ours > found.theirs
    assert evidence.paired_bootstrap(labels, bad, good, resamples=200).high < 0


def test_the_same_score_is_never_better() -> None:
    labels, score = world(0.4)
    found = evidence.paired_bootstrap(labels, score, score, resamples=200)
    assert (found.low, found.difference) == (0, 0)
    assert not found.beyond_chance


def test_a_score_of_chance_does_not_beat_the_base_rate() -> None:
    labels, _ = world(1)
    chance = np.random.default_rng(8).random(2000)
    assert not evidence.paired_bootstrap(labels, chance, None, resamples=200).beyond_chance


def test_the_bootstrap_says_the_same_every_time() -> None:
    labels, score = world(0.8)
    first, second = (evidence.paired_bootstrap(labels, score, None, resamples=50) for _ in range(2))
    assert first == second
