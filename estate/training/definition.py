"""What a training must say of itself. `settings.TRAININGS` names one by dotted path."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Training:
    """`source` is a name of `settings.STORES`, `path` the dataset there: one row per thing to score.

    `keys` are pseudonymous keys, the first of which is unique; they go into the snapshot so that an erasure finds a
    person's rows, and never into the model. `time` is the moment all inputs were known; `label` is 1, 0, or empty
    while nobody knows. `params` go to the estimator (`HistGradientBoostingClassifier`).
    """

    name: str
    title: str
    description: str
    owner: str
    source: str
    path: tuple[str, ...]
    keys: Mapping[str, str]  # column -> what it names: "charge", "customer"
    time: str
    label: str
    inputs: Mapping[str, str]  # column -> what it means, for people
    limits: Mapping[str, tuple[float, float | None]] = field(default_factory=dict)  # column -> least, most it can be
    params: Mapping[str, float | int] = field(default_factory=dict)
    fewest_positives: int = 20  # in the part to fit on, and half of it in the holdout
    drift_limit: float = 0.25  # PSI of an input, above which it counts as another world
    recent_days: int = 30  # what counts as current data
