"""The baseline of a version: taken from its training rows the first time it is loaded, kept in the database."""

from collections.abc import Callable, Sequence
from typing import Any

from apps.models.drift.snapshots import SnapshotGone, rows_of
from apps.models.drift.spread import Spread, spread_of
from apps.models.observed import Baseline
from apps.models.scoring.artifact import Unloadable
from apps.models.types import Serving

MOST_ROWS = 10_000  # evenly over time: the swap is to take seconds, and bins need no more
Scores = Callable[[list[dict[str, Any]]], Sequence[float]]


def baseline_of(serving: Serving, scores: Scores) -> Spread:
    known = Baseline.objects.filter(version_id=serving.version_id).first()
    if known is not None:
        return Spread.of_json(known.figures)
    try:
        rows = rows_of(serving.snapshot_id, list(serving.inputs), most=MOST_ROWS)
    except SnapshotGone as error:
        raise Unloadable(f"the rows it was trained on cannot be read: {error}") from None
    if not rows:
        raise Unloadable("nothing is left of the rows it was trained on")
    columns = {name: [row[name] for row in rows] for name in serving.inputs}
    spread = spread_of(columns, serving.inputs, scores(rows))
    Baseline.objects.get_or_create(
        version_id=serving.version_id, defaults={"rows": spread.rows, "figures": spread.as_json()}
    )
    return spread
