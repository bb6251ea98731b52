"""What the catalog tells others: datasets and columns with what is known of them, never with what is not."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Certainty(StrEnum):
    """How a column's category is known. NONE means nobody has classified it: the gate hides it."""

    CONFIRMED = "confirmed"
    INFERRED = "inferred"
    NONE = "none"


class SourceKind(StrEnum):
    POSTGRES = "postgres"
    MONGO = "mongo"
    SNOWFLAKE = "snowflake"
    MODELS = "models"  # no store: what was trained, told by those who trained it


class EdgeKind(StrEnum):
    VALUE = "value"  # this column's values come from there
    ROW = "row"  # that column decides which rows exist or how they are grouped


@dataclass(frozen=True)
class ColumnSchema:
    """`name` is the column, or a document's path (`devices[].ip`). `category` is a fideslang key."""

    id: int
    name: str
    type: str
    category: str = ""
    certainty: Certainty = Certainty.NONE
    evidence: str = ""  # "confirmed by governance file", "inferred from oltp.customers.email through 3 steps"
    nullable: bool = True
    # Every category whose values reach the column; `category` is the most sensitive one. A document column
    # (VARIANT) that carries several must not be shown under a mask made for one of them.
    carries: tuple[str, ...] = ()


@dataclass(frozen=True)
class DatasetSchema:
    """`path` as the store spells it: (database, schema, name), or (database, collection)."""

    id: int
    path: tuple[str, ...]
    columns: tuple[ColumnSchema, ...]
    owner: str = ""
    kind: str = "table"


@dataclass(frozen=True)
class SourceSchema:
    """Everything of one source that the reader may know to exist. `revision` changes when anything in it does."""

    source: str  # "oltp", "documents", "warehouse"
    kind: str  # "postgres", "mongo", "snowflake"
    default_path: tuple[str, ...]  # ("ANALYTICS", "MARTS"): what a bare name is completed with
    datasets: tuple[DatasetSchema, ...]
    revision: int = 0


@dataclass(frozen=True)
class ColumnRef:
    """A column by name, across stores: source, the dataset's path, the column's name or path."""

    source: str
    path: tuple[str, ...]
    column: str


@dataclass(frozen=True)
class EdgeEvidence:
    """What a lineage edge rests on."""

    kind: str  # "dbt", "load", "view", "query", "training"
    ref: str  # dbt unique id, run and step, statement id
    detail: str = ""  # the expression that carries the value


@dataclass(frozen=True)
class Edge:
    upstream: ColumnRef
    downstream: ColumnRef
    kind: EdgeKind
    evidence: EdgeEvidence
    # "copy", "expression", "aggregate", "hash" (a plain digest: guessable, so the category goes on), "keyed_hash"
    # and "count" (the value is gone)
    transform: str = "copy"


@dataclass(frozen=True)
class CheckResult:
    """A check of a dataset, pushed down by those who ran it (dbt tests, pipeline checks)."""

    source: str
    path: tuple[str, ...]
    name: str
    passed: bool
    detail: str = ""
    column: str = ""
    evidence: str = ""  # "run 812", a link target
    figures: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class SyncReport:
    source: str
    datasets: int
    columns: int
    added: int
    changed: int
    retired: int
    revision: int


@dataclass(frozen=True)
class ImportReport:
    """`incomplete` names the models whose lineage is not fully known, and why."""

    models: int
    tests: int
    edges: int
    complete: int
    stale: int
    incomplete: Mapping[str, str] = field(default_factory=dict)
    unmatched: tuple[str, ...] = ()


@dataclass(frozen=True)
class EdgesReport:
    """`unmatched` are columns that the catalog does not know: their edges are left out until the next sync."""

    edges: int
    unmatched: tuple[ColumnRef, ...] = ()


@dataclass(frozen=True)
class ClassifyReport:
    changed: int
    unmatched: tuple[ColumnRef, ...] = ()


@dataclass(frozen=True)
class SearchResult:
    """One line of the search page; `why` says what matched ("column email", "name")."""

    kind: str
    title: str
    path: str
    url: str
    why: str
