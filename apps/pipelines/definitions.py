"""What a definition must look like, and where it is found. The definitions themselves belong to whoever runs the
portal (here `estate/`), which this floor never imports: `settings.PIPELINES` names them by dotted path."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol, cast

from django.conf import settings
from django.utils.module_loading import import_string


class Column(Protocol):
    """`source` is a column or a document's path, `target` the column in RAW, `type` the warehouse's type."""

    @property
    def source(self) -> str: ...
    @property
    def target(self) -> str: ...
    @property
    def type(self) -> str: ...


class Extract(Protocol):
    """One dataset that is copied incrementally. A row version is (keys, cursor)."""

    @property
    def key(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def path(self) -> tuple[str, ...]: ...
    @property
    def target(self) -> tuple[str, str, str]: ...
    @property
    def columns(self) -> tuple[Column, ...]: ...
    @property
    def keys(self) -> tuple[str, ...]: ...
    @property
    def cursor(self) -> str: ...
    @property
    def overlap_s(self) -> int: ...


class Transform(Protocol):
    @property
    def project(self) -> Path: ...
    @property
    def arguments(self) -> tuple[str, ...]: ...


class Measure(Protocol):
    """One place to count in: a statement whose rows are (groups..., figures...)."""

    @property
    def source(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def dataset(self) -> tuple[str, ...]: ...
    @property
    def optional(self) -> bool: ...


class Agreement(Protocol):
    @property
    def key(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def groups(self) -> tuple[str, ...]: ...
    @property
    def figures(self) -> tuple[str, ...]: ...
    @property
    def measures(self) -> tuple[Measure, ...]: ...


class Step(Protocol):
    """A step of another part's, by its kind."""

    @property
    def key(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def params(self) -> Mapping[str, object]: ...
    @property
    def after(self) -> tuple[str, ...]: ...
    @property
    def pool(self) -> str: ...


class Definition(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def owner(self) -> str: ...
    @property
    def extracts(self) -> tuple[Extract, ...]: ...
    @property
    def transforms(self) -> tuple[Transform, ...]: ...
    @property
    def checks(self) -> tuple[Agreement, ...]: ...
    @property
    def steps(self) -> tuple[Step, ...]: ...
    @property
    def schedule(self) -> str: ...
    @property
    def deadline_minutes(self) -> int: ...
    @property
    def permission(self) -> str: ...


class UnknownPipeline(LookupError):
    """No pipeline of that name is configured; the message lists those that are."""


def definition_of(name: str) -> Definition:
    """Raises UnknownPipeline, also when the setting names something that cannot be imported."""
    path = settings.PIPELINES.get(name)
    if path is None:
        known = ", ".join(sorted(settings.PIPELINES)) or "none"
        raise UnknownPipeline(f"There is no pipeline `{name}`. Configured: {known}.")
    try:
        return cast(Definition, import_string(path))
    except ImportError as error:
        raise UnknownPipeline(f"PIPELINES names {path} for `{name}`, which cannot be imported: {error}") from error


def extract_of(definition: Definition, key: str) -> Extract:
    for extract in definition.extracts:
        if extract.key == key:
            return extract
    raise UnknownPipeline(f"`{definition.name}` no longer has the dataset {key}: its definition changed.")
