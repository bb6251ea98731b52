"""Fits on the oldest rows, chooses the threshold on those after them, measures on the newest: as in life, the model
is judged by what came after everything it has seen."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from apps.models.training.measures import Floats, best_threshold, calibration, report

FIT, CHOOSE = 0.60, 0.75  # shares of the rows by time; the rest is the holdout
SEED = 7


class TooFewLabels(Exception):
    """There is nothing to learn from; the message says how little there is."""


@dataclass(frozen=True)
class Part:
    inputs: Any  # pandas.DataFrame of doubles, columns in the order of the signature
    labels: Floats


@dataclass(frozen=True)
class Parts:
    fit: Part
    choose: Part
    holdout: Part
    holdout_from: str


@dataclass(frozen=True)
class Fitted:
    model: Any
    threshold: float
    metrics: dict[str, Any]
    params: dict[str, Any]
    sample: Any  # a few rows of inputs, for the signature


def parts_of(path: Path, *, inputs: list[str], time: str, label: str) -> Parts:
    """By time: rows of one moment never fall on both sides."""
    table = pq.read_table(path).sort_by([(time, "ascending")])
    moments = table.column(time).to_pandas().to_numpy()
    borders = [int(np.searchsorted(moments, moments[int(len(moments) * share)])) for share in (FIT, CHOOSE)]
    frame = table.select(inputs).to_pandas().astype("float64")
    labels = table.column(label).to_numpy().astype(np.float64)
    spans = [slice(0, borders[0]), slice(borders[0], borders[1]), slice(borders[1], len(labels))]
    fit, choose, holdout = (Part(frame.iloc[span], labels[span]) for span in spans)
    return Parts(fit, choose, holdout, table.column(time)[borders[1]].as_py().isoformat())


def fit(parts: Parts, *, params: dict[str, Any], fewest_positives: int) -> Fitted:
    """Raises TooFewLabels."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    enough = {"fit": fewest_positives, "choose": 1, "holdout": fewest_positives // 2}
    for name, least in enough.items():
        found = int(getattr(parts, name).labels.sum())
        if found < least:
            raise TooFewLabels(f"too few labels: {found} in the part to {name}, {least} are needed")
    model = HistGradientBoostingClassifier(**params, early_stopping=False, random_state=SEED)
    model.fit(parts.fit.inputs, parts.fit.labels)
    threshold = best_threshold(parts.choose.labels, score(model, parts.choose.inputs))
    scores = score(model, parts.holdout.inputs)
    metrics = report(parts.holdout.labels, scores, threshold)
    return Fitted(
        model=model,
        threshold=threshold,
        metrics={**metrics, "calibration": calibration(parts.holdout.labels, scores)},
        params={
            **params,
            "seed": SEED,
            "estimator": type(model).__name__,
            "rows_fit": len(parts.fit.labels),
            "positives_fit": int(parts.fit.labels.sum()),
            "rows_choose": len(parts.choose.labels),
            "holdout_from": parts.holdout_from,
        },
        sample=parts.fit.inputs.head(50),
    )


def score(model: Any, inputs: Any) -> Floats:
    found: Floats = model.predict_proba(inputs)[:, 1]
    return found
