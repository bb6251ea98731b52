"""What a pipeline of the estate is, as data: what to extract, where it lands, what to build, what must agree."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Column:
    """One column on its way: `source` is a column, or a document's path (`device.ip`); `target` the column in RAW.

    `type` is the warehouse's type. A path to a document or an array arrives as VARIANT (relaxed JSON text when staged).
    """

    source: str
    target: str
    type: str


@dataclass(frozen=True)
class Extract:
    """One dataset to copy incrementally: rows after the (cursor, key) of the last load, in that order.

    `source` is a name of `settings.STORES`; `path` the dataset there without its database: ("public", "charges") or
    ("sessions",). `target` is (database, schema, table); the loader adds _LOADED_AT, _RUN_ID and _BATCH.
    A row version is (key, cursor): the same one twice is the same row. A writer's cursor values become visible only
    when it commits, so a load reads again from `overlap_s` before its last cursor and leaves out the versions it has.
    """

    key: str
    source: str
    path: tuple[str, ...]
    target: tuple[str, str, str]
    columns: tuple[Column, ...]
    keys: tuple[str, ...] = ("id",)
    cursor: str = "updated_at"
    overlap_s: int = 300


@dataclass(frozen=True)
class Transform:
    """A dbt project and what to build of it. It reads its target from PORTICO_DBT_* of its environment."""

    project: Path
    arguments: tuple[str, ...] = ("build",)


@dataclass(frozen=True)
class Measure:
    """One place to count: a statement whose rows are (group..., rows, total) with upper-case names in the warehouse."""

    source: str
    label: str  # "PostgreSQL", "RAW", "CORE"
    text: str
    dataset: tuple[str, ...] = ()
    optional: bool = False  # a place that has nothing to say (no row at all) is left out


@dataclass(frozen=True)
class Agreement:
    """Every measure must give the same rows; `groups` names the leading columns, the rest are figures."""

    key: str
    title: str
    groups: tuple[str, ...]
    figures: tuple[str, ...]
    measures: tuple[Measure, ...]


@dataclass(frozen=True)
class Step:
    """A step of another part of the portal's, by its kind (a key of `settings.STEP_KINDS`). It comes after what was
    built and told to the catalog, and after the steps of the pipeline that `after` names."""

    key: str
    kind: str
    title: str
    params: Mapping[str, object] = field(default_factory=dict)
    after: tuple[str, ...] = ()
    pool: str = ""


@dataclass(frozen=True)
class Pipeline:
    name: str
    title: str
    description: str
    owner: str
    extracts: tuple[Extract, ...]
    transforms: tuple[Transform, ...]
    checks: tuple[Agreement, ...]
    schedule: str = ""  # cron, UTC; empty: only by hand
    deadline_minutes: int = 60
    tags: tuple[str, ...] = field(default=())
    steps: tuple[Step, ...] = ()
    permission: str = ""  # "app_label.codename" of who may know of it and its runs; empty: who may see pipelines
