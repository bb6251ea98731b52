"""What a gate rests on: is it better beyond chance, and is the world still the one it was trained in."""

from dataclasses import dataclass

import numpy as np

from apps.models.training.measures import Floats, Ranking

RESAMPLES, SEED = 1000, 20_240_501
LOW, HIGH = 2.5, 97.5  # the middle 95 % of resamples
SMALLEST_SHARE = 1e-4  # an empty bin would make the index infinite


@dataclass(frozen=True)
class Difference:
    """Of average precision on the same rows; `low` and `high` bound it in 95 of 100 resamples."""

    ours: float
    theirs: float
    low: float
    high: float
    resamples: int = RESAMPLES
    seed: int = SEED

    @property
    def difference(self) -> float:
        return self.ours - self.theirs

    @property
    def beyond_chance(self) -> bool:
        return self.low > 0


def paired_bootstrap(labels: Floats, ours: Floats, theirs: Floats | None, *, resamples: int = RESAMPLES) -> Difference:
    """Both scores on the same resampled rows, so that what is hard about a row is hard for both.

    Without `theirs` the other side is the base rate: what a score that knows nothing reaches.
    """
    dice = np.random.default_rng(SEED)
    mine, other = Ranking(labels, ours), Ranking(labels, theirs) if theirs is not None else None
    share = np.full(len(labels), 1 / len(labels))
    found = []
    for _ in range(resamples):
        weights = dice.multinomial(len(labels), share).astype(np.float64)
        if not (weights * labels).any():
            continue  # a resample without a positive says nothing of either
        base = other.average_precision(weights) if other else float(np.average(labels, weights=weights))
        found.append(mine.average_precision(weights) - base)
    low, high = np.percentile(found, [LOW, HIGH])
    base = other.average_precision() if other else float(labels.mean())
    return Difference(mine.average_precision(), base, float(low), float(high), resamples)


def edges_of(reference: Floats, bins: int = 10) -> Floats:
    """Borders of bins that hold equally many rows of the reference; fewer where many values are equal."""
    known = reference[~np.isnan(reference)]
    return np.unique(np.quantile(known, np.linspace(0, 1, bins + 1)[1:-1])) if len(known) else np.array([])


def shares(values: Floats, edges: Floats) -> Floats:
    """Share of each bin; the last one holds what is missing."""
    missing = np.isnan(values)
    counts = np.bincount(np.searchsorted(edges, values[~missing], side="left"), minlength=len(edges) + 1)
    return np.append(counts, missing.sum()) / max(len(values), 1)


def psi(reference: Floats, current: Floats) -> float:
    """Population stability index over bins of the reference: below 0.1 the same, above 0.25 another world."""
    edges = edges_of(reference)
    before, now = (np.maximum(shares(values, edges), SMALLEST_SHARE) for values in (reference, current))
    return float(np.sum((now - before) * np.log(now / before)))


def ks(reference: Floats, current: Floats) -> float:
    """The largest distance between the two distributions (Kolmogorov-Smirnov)."""
    first, second = np.sort(reference[~np.isnan(reference)]), np.sort(current[~np.isnan(current)])
    if not len(first) or not len(second):
        return 1.0
    points = np.concatenate([first, second])
    before = np.searchsorted(first, points, side="right") / len(first)
    now = np.searchsorted(second, points, side="right") / len(second)
    return float(np.abs(before - now).max())
