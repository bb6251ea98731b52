"""Names and values as PostgreSQL and the warehouse both write them. Names are quoted, values bound by the caller."""

import json
import re
from collections.abc import Sequence
from typing import Any

from apps.compliance.subjects.patterns import BLANKS
from apps.compliance.subjects.types import Owner

INTEGERS = {"smallint": 2**15, "integer": 2**31, "bigint": 2**63}


def fits(kind: str, value: str) -> bool:
    """Whether a column of this type can hold the value: PostgreSQL refuses to compare with one that it cannot read."""
    if kind in INTEGERS:
        return bool(re.fullmatch(r"-?\d{1,19}", value)) and -INTEGERS[kind] <= int(value) < INTEGERS[kind]
    if kind == "uuid":
        return bool(re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", value))
    return bool(re.fullmatch(r"-?\d+(\.\d+)?", value)) if kind == "numeric" else "\0" not in value


def address(column: str) -> str:
    return f"lower(ltrim(rtrim({column}, '{BLANKS}'), '{BLANKS}'))"


def blank(owner: Owner) -> str:
    """The row names nobody here: a pointer of blanks is none."""
    return f"coalesce({address(f'cast({quote(owner.column)} as varchar)')}, '') = ''"


def is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def quoted(path: Sequence[str]) -> str:
    return ".".join(quote(part) for part in path)
