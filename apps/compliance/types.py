"""What governance says, read and checked; and what applying it did."""

from dataclasses import dataclass, field

from apps.catalog.types import ColumnRef
from apps.compliance.policy.types import GroupSize, MaskRule, RowFilter
from apps.compliance.subjects.rules import SubjectRules

Path = tuple[str, ...]


class GovernanceErrors(Exception):
    """Everything that is wrong with a file, each line naming the file and the path of keys."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__("\n".join(errors))
        self.errors = errors


@dataclass(frozen=True)
class DatasetRule:
    source: str
    path: Path
    owner: str = ""
    description: str = ""
    categories: tuple[tuple[str, str], ...] = ()
    descriptions: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class AccessRule:
    """`patterns` are of the dataset's name below its database, with stars: `CORE.*`."""

    roles: tuple[str, ...]
    source: str
    patterns: tuple[str, ...]


@dataclass(frozen=True)
class Governance:
    name: str
    digest: str
    datasets: tuple[DatasetRule, ...] = ()
    masks: tuple[MaskRule, ...] = ()
    row_filters: tuple[RowFilter, ...] = ()
    group_sizes: tuple[GroupSize, ...] = ()
    access: tuple[AccessRule, ...] = ()
    subjects: SubjectRules = field(default_factory=SubjectRules)


@dataclass(frozen=True)
class GovernanceReport:
    """`missing` are datasets and columns that the catalog does not hold yet; they obey the file once it does."""

    version: int
    classified: int
    granted: int
    changed: bool
    missing: tuple[str, ...] = field(default=())
    unmatched: tuple[ColumnRef, ...] = ()
