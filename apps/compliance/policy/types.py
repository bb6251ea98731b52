"""What goes into a decision and what comes out. Plain Python: no Django, no database, no I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class MaskKind(StrEnum):
    CLEAR = "clear"  # shown as it is
    NULL = "null"  # leaks nothing
    REDACT = "redact"  # a constant; leaks whether it is NULL
    PARTIAL_EMAIL = "partial_email"  # leaks the domain
    PARTIAL_PHONE = "partial_phone"  # leaks the last two digits
    PARTIAL_CARD = "partial_card"  # leaks the last four of a whole number
    PARTIAL_IBAN = "partial_iban"  # leaks the country and the last four
    INITIAL = "initial"  # leaks the first letter
    INITIALS = "initials"  # leaks the first letters of the first and the last word
    YEAR = "year"  # leaks the year of a date
    DATE = "date"  # leaks the day, week, month, quarter or year of a date
    BUCKET = "bucket"  # leaks the range that a number is in
    NOISE = "noise"  # leaks a number more or less, and which are equal
    TOKEN = "token"  # noqa: S105 - leaks which values are equal


@dataclass(frozen=True)
class MaskOptions:
    """What a rule says beside the mask: `width` of ranges or noise, `unit` of a date, `bin` of a card. The reader's
    `purpose` is added when a rule is chosen: it names the key of tokens."""

    width: int = 0
    unit: str = ""
    bin: bool = False
    purpose: str = ""


PLAIN = MaskOptions()


@dataclass(frozen=True)
class MaskRule:
    """For data of `category` (and all below it, by dots) a reader of any of `roles` under any of `purposes` gets
    `mask`. Empty roles or purposes mean any. The most specific category decides; among rules of the same category
    the reader gets the least strict mask that one of them gives. A category that no rule covers: *not configured*."""

    id: str
    category: str
    mask: MaskKind
    roles: frozenset[str] = frozenset()
    purposes: frozenset[str] = frozenset()
    approver: str = ""  # whose approval would lift it: a role's or a person's name
    options: MaskOptions = PLAIN


@dataclass(frozen=True)
class RowFilter:
    """Readers of `roles` see only the rows of `dataset` (source, path...) whose `column` is one of `values`. With a
    `key`, `values` are tokens under the key of that name, and what is compared is the token of the column."""

    id: str
    dataset: tuple[str, ...]
    column: str
    values: tuple[str, ...]
    roles: frozenset[str]
    key: str = ""


@dataclass(frozen=True)
class GroupSize:
    """Readers of `roles` read `dataset` (source, path...) in groups of at least `at_least` people alone, who are told
    apart by the column `entity` as the store keeps it; rows in which it is NULL are nobody's."""

    id: str
    dataset: tuple[str, ...]
    entity: str
    at_least: int
    roles: frozenset[str]


@dataclass(frozen=True)
class PolicySet:
    """`version` changes with any rule: decisions are cached by it. `functions` are those that a configuration opens
    beside the vocabulary ("postgres:regr_sxx", in lower case)."""

    version: int
    rules: tuple[MaskRule, ...]
    row_filters: tuple[RowFilter, ...] = ()
    group_sizes: tuple[GroupSize, ...] = ()
    functions: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Reader:
    """Who asks, and why. `grants` are columns ("warehouse/ANALYTICS/CORE/DIM_CUSTOMERS/EMAIL") that an approval shows
    this reader in clear until it ends, each with a category that it held when it was approved."""

    id: str
    name: str
    roles: frozenset[str]
    purpose: str
    grants: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True)
class Limits:
    rows: int
    timeout_s: int


class Masking(StrEnum):
    NO = "no"
    YES = "yes"
    PARTLY = "partly"  # computed from masked and unmasked columns


@dataclass(frozen=True)
class OutputColumn:
    """One column of the answer. `reason` is a sentence for people: rule, origin, who can lift it."""

    name: str
    masked: Masking
    reason: str = ""
    rule: str = ""
    mask: str = ""
    approver: str = ""
    origins: tuple[str, ...] = ()  # "ANALYTICS.CORE.DIM_CUSTOMERS.EMAIL"


@dataclass(frozen=True)
class Allowed:
    """`text` (SQL) or `collection` and `pipeline` (documents) is what runs; never what was typed. `in_groups`: small
    groups of a dataset are left out, so that what a planner expects of rows may not be told."""

    columns: tuple[OutputColumn, ...]
    datasets: tuple[int, ...]
    text: str = ""
    collection: str = ""
    pipeline: tuple[Mapping[str, Any], ...] = ()
    notes: tuple[str, ...] = ()
    filtered: tuple[str, ...] = ()  # origins of what conditions and joins compare, as `OutputColumn.origins`
    in_groups: bool = False


@dataclass(frozen=True)
class Refused:
    """`code` is stable ("unknown_table", "not_a_query", "function_not_allowed", "not_configured", ...)."""

    code: str
    message: str
    hint: str = ""
    line: int | None = None
    column: int | None = None
    detail: Mapping[str, str] = field(default_factory=dict)


Decision = Allowed | Refused


class Refusal(Exception):
    """Raised inside the engine; `decide` turns it into its `Refused`."""

    def __init__(
        self, code: str, message: str, hint: str = "", *, line: int | None = None, column: int | None = None
    ) -> None:
        super().__init__(message)
        self.refused = Refused(code, message, hint, line, column)
