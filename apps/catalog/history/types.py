"""What changes in a schema, and what of it can break those who read."""

import re
from dataclasses import dataclass, field

from django.db.models import TextChoices


class What(TextChoices):
    """Of a column where one is named, else of the dataset."""

    ADDED = "added", "added"
    RETIRED = "retired", "gone"
    BACK = "back", "back"
    TYPE = "type", "type"
    NULLABLE = "nullable", "may be empty"
    KEY = "key", "primary key"
    REFERENCES = "references", "foreign key"
    COMMENT = "comment", "comment"
    KIND = "kind", "kind"
    DEFINITION = "definition", "definition"
    INDEXES = "indexes", "indexes"


@dataclass(frozen=True)
class News:
    dataset: int
    what: What
    column: str = ""
    before: str = ""
    after: str = ""


@dataclass
class Changes:
    """Of one sync: ids of datasets of which something other than their size changed, how many rows did, and what."""

    datasets: set[int] = field(default_factory=set)
    created: set[int] = field(default_factory=set)
    added: int = 0
    changed: int = 0
    retired: int = 0
    news: list[News] = field(default_factory=list)


# A value of the first fits into each of the others.
WIDER = {
    "smallint": ("integer", "bigint", "numeric", "double precision"),
    "integer": ("bigint", "numeric", "double precision"),
    "bigint": ("numeric",),
    "real": ("double precision",),
    "date": (),
}
SIZED = re.compile(r"(?P<name>[a-z ]+)\((?P<size>\d+)(?:, ?(?P<scale>\d+))?\)")
TEXTS = ("text", "character varying", "varchar")


def breaks(news: News) -> bool:
    """Whether somebody who reads it as it was can fail, or read something else."""
    if news.what == What.RETIRED:
        return True
    return news.what == What.TYPE and not is_wider(news.before.lower(), news.after.lower())


def is_wider(before: str, after: str) -> bool:
    """Whether every value of the type `before` is one of the type `after`, as far as the names tell.

    A document's path that has one type more ("int" -> "int|string") is not: its readers knew none of the new one.

    >>> is_wider("character varying(20)", "text"), is_wider("bigint", "integer")
    (True, False)
    """
    if after in WIDER.get(before, ()):
        return True
    old, new = SIZED.fullmatch(before), SIZED.fullmatch(after)
    if old and old["name"] in TEXTS and after in TEXTS:
        return True
    if not old or not new or old["name"] != new["name"]:
        return False
    scale, wanted = int(old["scale"] or 0), int(new["scale"] or 0)
    return int(new["size"]) - wanted >= int(old["size"]) - scale and wanted >= scale
