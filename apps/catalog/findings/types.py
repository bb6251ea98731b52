"""What is wrong with what the catalog knows, as those say it who noticed."""

from dataclasses import dataclass

from django.db.models import TextChoices


class FindingKind(TextChoices):
    """Each kind is one disagreement that somebody has to settle; `words` are its heading on pages."""

    CATEGORY_IN_DOUBT = "category_in_doubt", "A confirmed category is in doubt"
    DECLARED_NOT_READ = "declared_not_read", "A declared input is not read"
    READ_NOT_DECLARED = "read_not_declared", "An input is not declared"
    STATEMENT_NOT_READ = "statement_not_read", "A statement is not understood"
    BREAKING_CHANGE = "breaking_change", "A schema changed and breaks its readers"


@dataclass(frozen=True)
class Found:
    """One finding. `summary` names nothing but its own dataset and columns; `detail` may name others and quote a
    statement, and is shown only to those who may know of every dataset. Neither holds a value of a row.

    `dataset` is the catalog's id, None where the catalog has no row for what it is about: then only those who may
    know of everything see it. `key` tells findings of one kind about one dataset apart and stays the same from one
    statement to the next, so that an old finding is not taken for a new one.
    """

    dataset: int | None
    key: str
    summary: str
    detail: str = ""
    column: str = ""
    evidence: str = ""  # "dbt invocation 1f2e3d4c", "run 812"


@dataclass(frozen=True)
class FindingsReport:
    opened: int
    closed: int
    open: int
