"""What a change of a schema is, between one look at a store and the next, and between any two days."""

from dataclasses import dataclass

from django.db.models import TextChoices


class What(TextChoices):
    """What of a dataset or a column changed. Figures (rows, sizes, presence) and places are not schema."""

    DATASET = "dataset", "dataset"
    COLUMN = "column", "column"
    TYPE = "type", "type"
    NULLABLE = "nullable", "empty values"
    PRIMARY_KEY = "primary_key", "part of the primary key"
    REFERENCES = "references", "reference"
    COMMENT = "comment", "comment"
    KIND = "kind", "kind"
    DEFINITION = "definition", "statement of the view, or validator"
    INDEXES = "indexes", "indexes"
    KEYS = "keys", "keys"


@dataclass(frozen=True)
class Change:
    """`column` is empty for the dataset itself. Of a whole dataset or column that appears `before` is empty, of one
    that goes `after`; the other is its kind, or its type."""

    dataset: int
    column: str
    what: What
    before: str
    after: str
