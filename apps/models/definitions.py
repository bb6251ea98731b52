"""What a training must look like, and where it is found: `settings.TRAININGS`, by dotted path."""

from collections.abc import Mapping
from typing import Protocol, cast

from portal.definitions import defined


class UnknownTraining(LookupError):
    """No training of that name is configured, or what the setting names cannot be imported."""


class Training(Protocol):
    """See `estate.training.definition.Training` for what each means."""

    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def owner(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def path(self) -> tuple[str, ...]: ...
    @property
    def keys(self) -> Mapping[str, str]: ...
    @property
    def time(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def inputs(self) -> Mapping[str, str]: ...
    @property
    def limits(self) -> Mapping[str, tuple[float, float | None]]: ...
    @property
    def params(self) -> Mapping[str, float | int]: ...
    @property
    def fewest_positives(self) -> int: ...
    @property
    def drift_limit(self) -> float: ...
    @property
    def recent_days(self) -> int: ...


def training_of(name: str) -> Training:
    """Raises UnknownTraining."""
    return cast(Training, defined("TRAININGS", name, what="training", unknown=UnknownTraining))
