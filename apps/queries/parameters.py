"""Typed fields for the `:name`s of a text, on SQL and on documents."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.conf import settings
from django.utils.dateparse import parse_datetime

from portal.sql.parameters import Value, bound, names_in
from portal.sql.parse import MAX_CHARACTERS

TYPES = ("text", "integer", "decimal", "date", "timestamp", "boolean")
MOST, LONGEST = 30, 2_000
IN_DOCUMENT = re.compile(r":[A-Za-z_][A-Za-z0-9_]*")
INTEGER, DECIMAL = re.compile(r"[+-]?[0-9]{1,18}"), re.compile(r"[+-]?([0-9]{1,28}(\.[0-9]{0,10})?|\.[0-9]{1,10})")


class Unfit(Exception):
    """A value is missing or is not of its type; `name` is the parameter's."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name
        self.message = message


@dataclass(frozen=True)
class Typed:
    """What somebody typed for one parameter: `kind` is one of TYPES."""

    name: str
    kind: str = "text"
    value: str = ""


def names_of(source: str, text: str) -> tuple[str, ...]:
    dialect = dialect_of(source)
    if dialect != "mongo":
        return names_in(text, dialect)
    return tuple(dict.fromkeys(value[1:] for value in strings(read(text)) if IN_DOCUMENT.fullmatch(value)))


def read(text: str) -> Any:
    """A text that is no JSON is None: the engine says what is wrong with it."""
    try:
        return json.loads(text) if len(text) <= MAX_CHARACTERS else None
    except (ValueError, RecursionError):
        return None


def strings(node: Any) -> Iterator[str]:
    """Values, and never keys. Without recursion: people type any depth."""
    left = [node]
    while left:
        node = left.pop()
        if isinstance(node, str):
            yield node
        elif isinstance(node, dict | list):
            left.extend(reversed(list(node.values()) if isinstance(node, dict) else node))


def dialect_of(source: str) -> Any:
    return str(settings.STORES.get(source, {}).get("kind", "postgres"))


def filled(source: str, text: str, typed: Mapping[str, Typed]) -> str:
    """The text that is decided about and run. Raises Unfit for the first parameter without a fitting value."""
    names = names_of(source, text)
    if not names:
        return text
    if len(names) > MOST:
        raise Unfit(names[MOST], f"A query may have {MOST} parameters.")
    values = {name: value_of(typed.get(name, Typed(name))) for name in names}
    if dialect_of(source) != "mongo":
        return bound(text, dialect_of(source), values)
    return in_documents(text, values)


def in_documents(text: str, values: Mapping[str, Value]) -> str:
    """Whole strings alone, and never a key."""
    given = {f":{name}": extended(name, value) for name, value in values.items()}
    try:
        return json.dumps(placed(read(text), given))
    except RecursionError:
        raise Unfit(next(iter(values)), "This is nested too deeply.") from None


def placed(node: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(node, dict):
        return {key: placed(value, values) for key, value in node.items()}
    if isinstance(node, list):
        return [placed(value, values) for value in node]
    return values.get(node, node) if isinstance(node, str) else node


def extended(name: str, value: Value) -> Any:
    """As MongoDB's extended JSON. A text that an expression would read as a path or an operator is none."""
    if isinstance(value, datetime):
        return {"$date": value.astimezone(UTC).isoformat()}
    if isinstance(value, date):
        return {"$date": datetime(value.year, value.month, value.day, tzinfo=UTC).isoformat()}
    if isinstance(value, Decimal):
        return {"$numberDecimal": f"{value:f}"}
    if isinstance(value, str) and value.startswith("$"):
        raise Unfit(name, "A text for documents cannot begin with “$”: it would be read as a path.")
    return value


def value_of(typed: Typed) -> Value:
    text = typed.value.strip() if typed.kind != "text" else typed.value
    if not text:
        raise Unfit(typed.name, f"Give a value for “:{typed.name}”.")
    if len(text) > LONGEST:
        raise Unfit(typed.name, f"“:{typed.name}” may have {LONGEST:,} characters.")
    try:
        return PARSERS[typed.kind](text)
    except (KeyError, ValueError, OverflowError, InvalidOperation):
        raise Unfit(typed.name, f"“:{typed.name}” is not {SAID.get(typed.kind, 'of a known type')}.") from None


def whole(text: str) -> int:
    if not INTEGER.fullmatch(text):
        raise ValueError
    return int(text)


def exact(text: str) -> Decimal:
    if not DECIMAL.fullmatch(text):
        raise ValueError
    return Decimal(text)


def moment(text: str) -> datetime:
    """UTC where no zone is said."""
    found = parse_datetime(text)
    if found is None:
        day = date.fromisoformat(text)
        found = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def truth(text: str) -> bool:
    return {"true": True, "false": False}[text.lower()]


def plain(text: str) -> str:
    if "\0" in text:
        raise ValueError
    return text


PARSERS: Mapping[str, Callable[[str], Value]] = {
    "text": plain,
    "integer": whole,
    "decimal": exact,
    "date": date.fromisoformat,
    "timestamp": moment,
    "boolean": truth,
}
SAID = {
    "text": "a text that a store can hold",
    "integer": "a whole number of up to 18 digits",
    "decimal": "a decimal number",
    "date": "a day, as 2026-01-31",
    "timestamp": "a moment, as 2026-01-31T12:00:00Z",
    "boolean": "true or false",
}
