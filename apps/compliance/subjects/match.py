"""Finds a person's values in text, exactly: a value inside a longer word or address is somebody else's."""

import json
import re
import unicodedata
from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from typing import Any
from uuid import UUID

from apps.compliance.subjects.patterns import BETWEEN_DIGITS, TAIL, needles, spelled, stands_alone
from portal.stores.names import ENTRY, Names, below

ERASED = "[erased]"
SHORTEST = 6  # a shorter value stands in too many texts by chance to tell whose it is
KINDS = ("email", "phone", "name")
Document = Mapping[str, Any]
NAMES = Names()
# Relaxed extended JSON: how a type that JSON lacks is written. https://www.mongodb.com/docs/manual/reference/mongodb-extended-json/
TYPED = frozenset(
    f"${name}"
    for name in ("oid", "date", "numberDecimal", "numberLong", "numberInt", "numberDouble", "binary", "uuid", "code",
                 "timestamp", "regularExpression", "symbol", "undefined", "minKey", "maxKey", "dbPointer")
)  # fmt: skip
CLOSED = str.maketrans("", "", BETWEEN_DIGITS)


def normal(kind: str, value: str) -> str:
    """How a value is compared: case, edges and how blanks are written mean nothing, nor does how a telephone number
    is grouped."""
    if kind == "phone":
        plain = re.sub(r"\D", "", value).removeprefix("00")
    else:
        plain = unicodedata.normalize("NFC", " ".join(value.split())).lower()
    return plain if len(plain) >= SHORTEST else ""


class Matcher:
    """`values` by kind, normalised or not."""

    def __init__(self, values: Mapping[str, Iterable[str]]) -> None:
        self.values = {
            kind: sorted({plain for value in each if (plain := normal(kind, value))}, key=lambda v: (-len(v), v))
            for kind, each in values.items()
        }
        self._patterns = {kind: _pattern(kind, each) for kind, each in self.values.items() if each}
        # What a store looks for first in the lower-case JSON of a row; every match contains one of them.
        texts = {
            needle for kind, each in self.values.items() if kind != "phone" for v in each for needle in needles(kind, v)
        }
        self.needles = tuple(sorted(json.dumps(text, ensure_ascii=False)[1:-1] for text in texts))
        # The same for numbers, in a text from which `BETWEEN_DIGITS` are taken out.
        self.digits = tuple(sorted({each[-TAIL:] for each in self.values.get("phone", ())}))

    def __bool__(self) -> bool:
        return bool(self._patterns)

    def may_match(self, text: str) -> bool:
        lower = text.lower()
        closed = lower.replace("\\t", "").translate(CLOSED) if self.digits else ""
        return any(needle in lower for needle in self.needles) or any(each in closed for each in self.digits)

    def found(self, text: str) -> set[tuple[str, str]]:
        """(kind, normalised value) of everything of the person in the text."""
        return {
            (kind, normal(kind, match.group()))
            for kind, pattern in self._patterns.items()
            for match in pattern.finditer(text)
            if stands_alone(kind, text, match.start(), match.end())
        }

    def whole(self, text: str) -> tuple[str, str] | None:
        """The value, where the text is nothing but it."""
        for kind, each in self.values.items():
            plain = normal(kind, text)
            if plain and plain in each and not (kind == "phone" and re.search(r"[^\d\s().+/-]", text)):
                return kind, plain
        return None

    def cut(self, text: str) -> str:
        for kind, pattern in self._patterns.items():
            text = pattern.sub(partial(_instead, kind), text)
        return text

    def cut_all(self, value: Any) -> Any:
        """The same document or value with everything of the person cut out of its texts. What stands under a key that
        names the person is theirs, and goes with the key."""
        if isinstance(value, str):
            return self.cut(value)
        if isinstance(value, list):
            return [self.cut_all(item) for item in value]
        if isinstance(value, Mapping):
            keys = NAMES.of("value", value)
            return {key.text: self.cut_all(value[key.text]) for key in keys if not (key.data and self.found(key.text))}
        if isinstance(value, int) and not isinstance(value, bool) and self.found(str(value)):
            return None
        return value


def matcher_of(values: Iterable[str]) -> Matcher:
    """Of values whose kind nobody said: an address has its sign, a telephone number no letter."""
    kinds: dict[str, set[str]] = {kind: set() for kind in KINDS}
    for value in values:
        plain = re.fullmatch(r"[\d\s().+/-]+", value)
        kinds["email" if "@" in value else "phone" if plain else "name"].add(value)
    return Matcher(kinds)


def _pattern(kind: str, values: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(spelled(kind, value) for value in values), re.IGNORECASE)


def _instead(kind: str, match: re.Match[str]) -> str:
    """Never longer than what it replaces: the column may take no more."""
    if not stands_alone(kind, match.string, match.start(), match.end()):
        return match.group()
    length = len(match.group())
    return ERASED if length >= len(ERASED) else "*" * length


def leaves(value: Any, names: Names = NAMES, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text (and number as text) with its path, `devices[].ip`; keys that are data are texts, too, and stand in
    no path: everything under them is at `seen.*`."""
    if isinstance(value, list):
        for item in value:
            yield from leaves(item, names, f"{path}[]")
    elif isinstance(value, Mapping):
        if (typed := inside(value)) is not None:
            yield from leaves(typed, names, path)
            return
        for key in names.of(path, value):
            if key.data:
                yield below(path, ENTRY), key.text
            yield from leaves(value[key.text], names, below(path, key.segment))
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        yield path, str(value)


def inside(value: Document) -> Any:
    """What a date or an id of a document holds (`{"$date": ...}`); None for a document."""
    return next(iter(value.values())) if len(value) == 1 and next(iter(value)) in TYPED else None


def scalar(value: Any) -> str:
    """A single value as the text by which keys are compared: an ObjectId as its digits, a UUID with its dashes."""
    typed = inside(value) if isinstance(value, Mapping) else None
    if isinstance(typed, Mapping) and typed.get("subType") in ("03", "04") and isinstance(typed.get("base64"), str):
        with suppress(ValueError):
            return str(UUID(bytes=b64decode(typed["base64"])))
    return str(value if typed is None else typed)


def at(document: Any, path: str) -> list[Any]:
    """Every value at a path of a document; `[]` is every element."""
    head, _, rest = path.partition(".")
    name, brackets, _ = head.partition("[")
    values = [document[name]] if isinstance(document, Mapping) and name in document else []
    for _ in range((len(head) - len(name)) // 2 if brackets else 0):
        values = [item for value in values if isinstance(value, list) for item in value]
    return [found for value in values for found in at(value, rest)] if rest else values
