"""What is handed from step to step."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from apps.catalog.types import DatasetSchema, SourceSchema
from apps.compliance.policy.choose import Choice
from apps.compliance.policy.types import GroupSize, Limits, OutputColumn, PolicySet, Reader, RowFilter
from portal.sql.parse import Dialect, SqlProblem

SCAN_PREFIX = "portico_scan_"
ENTITY = "portico_entity_"  # with a number: the column by which a scan's groups are measured


def unsafe() -> SqlProblem:
    """The engine's own work does not read back as it was meant: a fault, so nothing runs."""
    return SqlProblem("not_understood", "This query could not be rewritten safely.", hint="Simplify it.")


@dataclass(frozen=True)
class Scan:
    """One reading of one table: its masks by column, the filters on its rows, the moment of the past that is meant
    (arguments of the table: AT, BEFORE, CHANGES), and the least sizes of groups in which it is shown."""

    name: str
    dataset: DatasetSchema
    masks: Mapping[str, Choice]
    filters: tuple[RowFilter, ...] = ()
    moment: Mapping[str, exp.Expr] = field(default_factory=dict)
    groups: tuple[GroupSize, ...] = ()


@dataclass(frozen=True)
class Work:
    text: str
    dialect: Dialect
    reader: Reader
    schema: SourceSchema
    policies: PolicySet
    limits: Limits
    tree: exp.Query = field(default_factory=exp.Select)
    scans: Mapping[str, Scan] = field(default_factory=dict)
    masked: Mapping[str, str] = field(default_factory=dict)  # the text of each scan, by its name
    columns: tuple[OutputColumn, ...] = ()
    notes: tuple[str, ...] = ()
    filtered: tuple[str, ...] = ()
    rendered: str = ""  # with the names of scans where their texts will stand
    final: str = ""
