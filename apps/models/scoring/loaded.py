"""A version in memory: gives scores and the reasons for them."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from apps.models.definitions import UnknownTraining, training_of
from apps.models.drift.spread import OTHER, Feature, Spread
from apps.models.models import ModelVersion
from apps.models.scoring.artifact import Unloadable, estimator_of, files_of
from apps.models.scoring.asked import Limits, UnknownType, form_of
from apps.models.scoring.baselines import baseline_of
from apps.models.types import Serving

if TYPE_CHECKING:
    import pandas as pd

REASONS = 3
DTYPES = {"double": "float64", "float": "float64", "long": "int64", "integer": "int64", "boolean": "bool"}
MAY_MISS = frozenset({"double", "float", "string"})  # where the training rows had gaps, a request may have them
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Reason:
    """`effect`: how much lower the score would be, had the feature its typical value instead."""

    feature: str
    value: Any
    typical: Any
    effect: float


@dataclass(frozen=True)
class Answer:
    score: float
    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class Loaded:
    serving: Serving
    model_id: int
    spread: Spread
    form: type[BaseModel]
    estimator: Any

    def answer(self, row: Row) -> Answer:
        """One call of the model: the row as it is, and once more for each feature at its typical value."""
        rows = [dict(row)] + [{**row, each.name: each.typical} for each in self.spread.features]
        score, *others = self.scores(rows)
        moved = [
            Reason(each.name, row[each.name], each.typical, score - other)
            for each, other in zip(self.spread.features, others, strict=True)
        ]
        telling = sorted((each for each in moved if abs(each.effect) >= 1e-6), key=lambda each: -abs(each.effect))
        return Answer(score, tuple(telling[:REASONS]))

    def scores(self, rows: list[dict[str, Any]]) -> list[float]:
        return scores(self.estimator, frame(rows, self.serving.inputs))

    def features_to_keep(self, row: Row) -> dict[str, Any]:
        """For the log: a word that the training rows did not have could be anything, so it is kept as "(other)"."""
        return {each.name: _known(each, row[each.name]) for each in self.spread.features}


def _known(feature: Feature, value: Any) -> Any:
    return OTHER if isinstance(value, str) and value not in feature.known else value


def warm() -> None:
    """Imports what the first model would import: it is to be served within seconds, and these alone take ten."""
    for name in ("pandas", "pyarrow.parquet", "sklearn.compose", "sklearn.ensemble", "sklearn.pipeline", "skops.io"):
        import_module(name)


def load(serving: Serving) -> Loaded:
    """Raises Unloadable with the reason."""
    from sklearn.exceptions import InconsistentVersionWarning

    files = files_of(serving)
    with warnings.catch_warnings():
        warnings.simplefilter("error", InconsistentVersionWarning)
        try:
            estimator = estimator_of(files)
        except InconsistentVersionWarning:
            raise Unloadable("it was trained with another version of scikit-learn") from None
    spread = baseline_of(serving, lambda rows: scores(estimator, frame(rows, serving.inputs)))
    optional = frozenset(
        each.name for each in spread.features if serving.inputs[each.name] in MAY_MISS and each.shares[-1]
    )
    try:
        form = form_of(serving.model, serving.inputs, optional, limits_of(serving.model))
    except UnknownType as error:
        raise Unloadable(f"its signature has a type that no request can carry: {error}") from None
    model_id = ModelVersion.objects.values_list("model_id", flat=True).get(pk=serving.version_id)
    found = Loaded(serving, model_id, spread, form, estimator)
    found.answer({each.name: each.typical for each in spread.features})  # a model that cannot answer is found out here
    return found


def limits_of(model: str) -> Limits:
    """As its training names them; a model whose training is configured no longer has none."""
    try:
        return training_of(model).limits
    except UnknownTraining:
        return {}


def frame(rows: list[dict[str, Any]], inputs: Mapping[str, str]) -> "pd.DataFrame":
    import pandas as pd

    columns = {
        name: pd.array([row[name] for row in rows], dtype=DTYPES[kind])
        if kind in DTYPES
        else pd.Series([row[name] for row in rows], dtype="object")
        for name, kind in inputs.items()
    }
    return pd.DataFrame(columns)


def scores(estimator: Any, features: "pd.DataFrame") -> list[float]:
    return [float(score) for score in estimator.predict_proba(features)[:, 1]]
