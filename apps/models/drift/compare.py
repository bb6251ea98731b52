"""A window of inferences told in the words of the training: the figures of one comparison. No database."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from apps.models.drift.spread import Spread, Value, psi


@dataclass(frozen=True)
class Compared:
    """`reference` and `current` are shares of the bins in `labels`."""

    name: str
    psi: float
    drifted: bool
    labels: tuple[str, ...]
    reference: tuple[float, ...]
    current: tuple[float, ...]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Drift:
    features: tuple[Compared, ...]
    score: Compared
    share: float  # drifted features of all

    @property
    def drifted(self) -> int:
        return sum(each.drifted for each in self.features)


def compare(spread: Spread, rows: Sequence[dict[str, Value]], scores: Sequence[float], *, limit: float) -> Drift:
    """A feature has drifted from `limit` on. The score is compared as well and counts for nothing by itself: the
    model has seen its training rows, and is surer of them than of new ones."""
    features = tuple(
        _compared(each.name, each.labels, each.shares, each.shares_of([row.get(each.name) for row in rows]), limit)
        for each in spread.features
    )
    score = _compared("score", spread.score.labels, spread.score.shares, spread.score.shares_of(list(scores)), limit)
    return Drift(features, score, sum(each.drifted for each in features) / max(len(features), 1))


def _compared(
    name: str, labels: tuple[str, ...], before: tuple[float, ...], now: tuple[float, ...], limit: float
) -> Compared:
    index = round(psi(before, now), 4)
    return Compared(name, index, index >= limit, labels, before, tuple(round(share, 6) for share in now))
