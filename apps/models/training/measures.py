"""How good a score is. Every function takes arrays; `weights` are how often each row counts (bootstrap)."""

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


class Ranking:
    """Rows in the order of one score, so that many resamples need no further sorting."""

    def __init__(self, labels: Floats, scores: Floats) -> None:
        self.order = np.argsort(-scores, kind="stable")
        ordered = scores[self.order]
        # Equal scores stand or fall together: only the last row of each is a threshold.
        self.ends = np.append(np.flatnonzero(np.diff(ordered)), len(ordered) - 1)
        self.labels = labels[self.order]

    def average_precision(self, weights: Floats | None = None) -> float:
        """Sum of precision at each threshold times the recall it adds (no interpolation). NaN without positives."""
        counted = np.ones(len(self.labels)) if weights is None else weights[self.order]
        hits = np.cumsum(counted * self.labels)[self.ends]
        taken = np.cumsum(counted)[self.ends]
        if not hits[-1]:
            return float("nan")
        precision = np.divide(hits, taken, out=np.zeros_like(hits), where=taken > 0)
        return float(np.sum(np.diff(hits, prepend=0.0) * precision) / hits[-1])


def average_precision(labels: Floats, scores: Floats) -> float:
    return Ranking(labels, scores).average_precision()


def roc_auc(labels: Floats, scores: Floats) -> float:
    """The chance that a positive scores above a negative; half of it when they are equal."""
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    positives = labels.sum()
    negatives = len(labels) - positives
    return float((ranks[labels == 1].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def precision_at(labels: Floats, scores: Floats, k: int) -> float:
    return float(labels[np.argsort(-scores, kind="stable")[:k]].mean())


def calibration(labels: Floats, scores: Floats, bins: int = 10) -> list[dict[str, float]]:
    """Equally many rows a bin, lowest scores first: what was said, and what came."""
    parts = np.array_split(np.argsort(scores, kind="stable"), bins)
    return [
        {"said": round(float(scores[p].mean()), 5), "came": round(float(labels[p].mean()), 5), "rows": len(p)}
        for p in parts
        if len(p)
    ]


def best_threshold(labels: Floats, scores: Floats) -> float:
    """The score from which on flagging gives the best F1."""
    ranking = Ranking(labels, scores)
    hits = np.cumsum(ranking.labels)[ranking.ends]
    taken = ranking.ends + 1
    f1 = 2 * hits / (taken + labels.sum())
    return float(scores[ranking.order][ranking.ends[int(np.argmax(f1))]])


def report(labels: Floats, scores: Floats, threshold: float) -> dict[str, Any]:
    flagged = scores >= threshold
    positives = int(labels.sum())
    return {
        "pr_auc": round(average_precision(labels, scores), 6),
        "roc_auc": round(roc_auc(labels, scores), 6),
        "precision_at_k": round(precision_at(labels, scores, positives), 6),
        "precision": round(float(labels[flagged].mean()) if flagged.any() else 0.0, 6),
        "recall": round(float(flagged[labels == 1].mean()), 6),
        "brier": round(float(np.mean((scores - labels) ** 2)), 6),
        "base_rate": round(float(labels.mean()), 6),
        "rows": len(labels),
        "positives": positives,
    }
