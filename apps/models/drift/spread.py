"""How values are spread over bins, and how far two spreads lie apart. Plain Python, no database.

Bins come from the training rows alone: deciles of a number, the most frequent values of a category. So a window is
always told in the words of the training.
"""

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from typing import Any

BINS = 10
CATEGORIES = 20
OTHER, MISSING = "(other)", "(missing)"
# An empty bin would make the index infinite: shares are at least this, as is usual for the index.
LEAST_SHARE = 1e-4
WHOLE = frozenset({"long", "integer"})
NUMBERS = WHOLE | {"double", "float"}

Value = float | int | str | bool | None


@dataclass(frozen=True)
class Feature:
    """`edges` are the inner edges of a number's bins, each the last value of its bin; a category has `known` values.
    `typical` is the median or the most frequent value; `shares` belong to `labels`."""

    name: str
    typical: Value
    edges: tuple[float, ...]
    known: tuple[str, ...]
    labels: tuple[str, ...]
    shares: tuple[float, ...]

    @property
    def numeric(self) -> bool:
        return not self.known

    def shares_of(self, values: Sequence[Value]) -> tuple[float, ...]:
        counts = [0] * len(self.labels)
        for value in values:
            counts[self._bin(value)] += 1
        return tuple(count / max(len(values), 1) for count in counts)

    def _bin(self, value: Value) -> int:
        if is_missing(value):
            return len(self.labels) - 1
        if self.known:
            word = str(value)
            return self.known.index(word) if word in self.known else len(self.known)
        return bisect_left(self.edges, float(value or 0))


@dataclass(frozen=True)
class Spread:
    """Of the training rows: every feature in the signature's order, and the scores that the version gives them."""

    rows: int
    features: tuple[Feature, ...]
    score: Feature

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of_json(cls, content: Mapping[str, Any]) -> "Spread":
        features = tuple(_feature(each) for each in content["features"])
        return cls(int(content["rows"]), features, _feature(content["score"]))


def _feature(content: Mapping[str, Any]) -> Feature:
    lists = {name: tuple(content[name]) for name in ("edges", "known", "labels", "shares")}
    return Feature(name=str(content["name"]), typical=content["typical"], **lists)


def spread_of(columns: Mapping[str, Sequence[Value]], types: Mapping[str, str], scores: Sequence[float]) -> Spread:
    """`columns` and `types` (MLflow's words) by feature."""
    features = tuple(
        of_numbers(name, columns[name], whole=kind in WHOLE) if kind in NUMBERS else _of_kind(name, kind, columns[name])
        for name, kind in types.items()
    )
    return Spread(len(scores), features, of_numbers("score", scores))


def _of_kind(name: str, kind: str, values: Sequence[Value]) -> Feature:
    found = of_words(name, values)
    return replace(found, typical=found.typical == "True") if kind == "boolean" else found


def of_numbers(name: str, values: Sequence[Value], *, whole: bool = False) -> Feature:
    there = sorted(float(value) for value in values if value is not None and not is_missing(value)) or [0.0]
    # The lower median: a value that the feature can have, also when it only has whole ones.
    middle = _quantile(there, 0.5)
    cuts = {_quantile(there, number / BINS) for number in range(1, BINS)}
    # An edge at the highest value would leave the last bin to what training never saw, which is what it is then for.
    edges = tuple(sorted(cut for cut in cuts if cut < there[-1])) or (there[-1],)
    bare = Feature(name, int(middle) if whole else middle, edges, (), _labels(edges), ())
    return _with_shares(bare, values)


def _quantile(ordered: Sequence[float], share: float) -> float:
    return ordered[int((len(ordered) - 1) * share)]


def of_words(name: str, values: Sequence[Value]) -> Feature:
    counted = Counter(str(value) for value in values if value is not None)
    known = tuple(word for word, _ in sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))[:CATEGORIES])
    known = known or (MISSING,)
    bare = Feature(name, known[0], (), known, (*known, OTHER, MISSING), ())
    return _with_shares(bare, values)


def _with_shares(bare: Feature, values: Sequence[Value]) -> Feature:
    return replace(bare, shares=bare.shares_of(values))


def is_missing(value: Value) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _labels(edges: Sequence[float]) -> tuple[str, ...]:
    first = f"up to {short(edges[0])}"
    between = (f"{short(low)} to {short(high)}" for low, high in pairwise(edges))
    return (first, *between, f"over {short(edges[-1])}", MISSING)


def short(number: float) -> str:
    """Four digits, as people write them."""
    text = f"{number:,.4g}" if abs(number) < 10_000 else f"{number:,.0f}"
    return text


def psi(reference: Iterable[float], current: Iterable[float]) -> float:
    """Population stability index: the sum of (c - r) ln(c / r) over the bins. Below 0.1 is usually called stable,
    from 0.25 on a shift."""
    total = 0.0
    for before, now in zip(reference, current, strict=True):
        r, c = max(before, LEAST_SHARE), max(now, LEAST_SHARE)
        total += (c - r) * math.log(c / r)
    return total
