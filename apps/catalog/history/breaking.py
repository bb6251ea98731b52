"""Which changes break those who read. Plain Python over texts.

A reader that worked yesterday breaks when what it names is gone, when its type is another one (a wider one of the same
family is not: Iceberg and Avro promote them, too), and when values may be missing that never were. A column that may no
longer be empty breaks writers, not readers.
"""

import re

from apps.catalog.history.types import What

# Each type on the left fits without loss into every type to its right.
WIDER = (
    ("smallint", "integer", "bigint", "numeric"),
    ("real", "double precision"),
    ("int", "long", "decimal"),
    ("character", "character varying", "text"),
)
SPELLED = {"varchar": "character varying", "char": "character", "bpchar": "character", "number": "numeric"}
LIMITED = re.compile(r"^([a-z ]+?)\s*\((\d+)(?:,\s*(\d+))?\)$")


def breaks(what: str, before: str, after: str, *, documents: bool = False) -> bool:
    if what in (What.DATASET, What.COLUMN):
        return bool(before) and not after
    if what == What.TYPE:
        return not (_documents_fit if documents else fits)(before, after)
    return what == What.NULLABLE and after == "nullable"


def _documents_fit(before: str, after: str) -> bool:
    """Every type that is met now was met before, or is of its family: of a sample, fewer types prove nothing."""
    # `null` alone is a path that nobody ever saw filled.
    return before == "null" or all(
        any(fits(new, old) or fits(old, new) for old in before.split("|")) for new in after.split("|")
    )


def fits(before: str, after: str) -> bool:
    """Whether every value of `before` is one of `after`, read the same way."""
    old, old_limits = _parts(before)
    new, new_limits = _parts(after)
    if old != new:
        return any(_is_wider(row, old, new) for row in WIDER) and _room(new, new_limits, old)
    if not old_limits or not new_limits:
        return not new_limits or old_limits == new_limits
    digits = zip(_before_the_point(old_limits), _before_the_point(new_limits), strict=True)
    return all(mine <= theirs for mine, theirs in digits)


def _parts(name: str) -> tuple[str, tuple[int, int] | None]:
    lowered = name.strip().lower()
    found = LIMITED.match(lowered)
    base = found[1].strip() if found else lowered
    return SPELLED.get(base, base), (int(found[2]), int(found[3] or 0)) if found else None


def _is_wider(row: tuple[str, ...], old: str, new: str) -> bool:
    return old in row and new in row and row.index(old) < row.index(new)


WHOLE_DIGITS = {"smallint": 5, "integer": 10, "bigint": 19}


def _room(new: str, limits: tuple[int, int] | None, old: str) -> bool:
    """A type with limits may be too narrow for one of another family member: `numeric(3,0)` for an integer."""
    return limits is None or (old in WHOLE_DIGITS and limits[0] - limits[1] >= WHOLE_DIGITS[old])


def _before_the_point(limits: tuple[int, int]) -> tuple[int, int]:
    return limits[0] - limits[1], limits[1]
