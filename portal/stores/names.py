"""Which keys of a document are names that a programmer wrote, and which are somebody's data."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

ENTRY = "*"  # the segment that stands for every key of a map: `seen.*`
LONGEST = 64
IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
DIGITS_IN_A_ROW, DIGITS_IN_ALL = 5, 6
FOUR_NUMBERS = re.compile(r"(?<!\d)\d{1,3}(?:_\d{1,3}){3}(?!\d)")
HEX = re.compile(r"[0-9a-fA-F]+")
HEX_WITH_DIGITS, HEX_ALONE = 8, 10  # shortest hexadecimal word that is no English one
TURNS = re.compile(r"(?<=[A-Za-z])(?=\d)|(?<=\d)(?=[A-Za-z])")  # from letters to digits and back


def is_field_name(key: str) -> bool:
    """Whether a key looks like what a programmer writes: an ASCII identifier of at most 64 characters that holds no
    long number and nothing random.

    Data is: whatever has a character that no identifier has (`ana@x.org`, `+1 201`, `10.1.1.1`, `2024-01-31`,
    `Ann Almond`, `Zoë`, a UUID, nothing at all), five digits in a row or six in all (telephone, card, date, counter),
    four numbers (`ip_10_1_1_1`), a hexadecimal word, and letters and digits that change three times in a long word
    (`cus_9sK2bQx81Lm`). So are `content-type` and `x-2`: a name that is wrongly taken for data is hidden and can be
    declared in the validator, one that is wrongly taken for a name is shown to everybody.

    What no look can tell: a first name or a nickname alone (`ana`, `ann_almond`). Those are recognised by what stands
    beside them, see `Names`.

    >>> is_field_name("last4"), is_field_name("sha256_base64"), is_field_name("ana@x.org"), is_field_name("ana")
    (True, True, False, True)
    """
    if len(key) > LONGEST or not IDENTIFIER.fullmatch(key):
        return False
    if re.search(rf"\d{{{DIGITS_IN_A_ROW}}}", key) or sum(map(str.isdigit, key)) >= DIGITS_IN_ALL:
        return False
    return not FOUR_NUMBERS.search(key) and not any(map(_random, key.split("_")))


def _random(word: str) -> bool:
    if HEX.fullmatch(word) and (len(word) >= HEX_ALONE or (len(word) >= HEX_WITH_DIGITS and not word.isalpha())):
        return True
    return len(word) >= HEX_WITH_DIGITS and len(TURNS.findall(word)) >= 3


@dataclass(frozen=True)
class Key:
    """`segment` is how the key appears in a path; `data` says that it may be a value of somebody."""

    text: str
    segment: str
    data: bool


@dataclass(frozen=True)
class Names:
    """The names that are known: paths of the catalog, or of a validator. `documents`: the top level has keys, where
    that of a table's row has columns."""

    known: Collection[str] = frozenset()
    documents: bool = False

    def of(self, path: str, keys: Iterable[str]) -> Iterator[Key]:
        """The keys of one object at `path`. One that is data makes data of every key beside it that is not known."""
        listed = list(keys)
        if not path and not self.documents:
            yield from (Key(key, key, data=False) for key in listed)
            return
        unknown = {key for key in listed if not self.knows(path, key)}
        entries = below(path, ENTRY) in self.known or not all(map(is_field_name, unknown))
        for key in listed:
            is_entry = entries and key in unknown
            yield Key(key, ENTRY if is_entry else key, data=is_entry or (self.documents and key in unknown))

    def knows(self, path: str, key: str) -> bool:
        return below(path, key) in self.known or (not path and key == "_id")


def below(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def is_entry(path: str) -> bool:
    """Whether the path is a map's entry or lies inside one."""
    return bool(entry_of(path))


def entry_of(path: str) -> str:
    """The outermost entry in which the path lies: `seen.*` of `seen.*.at[].ip`; empty outside of maps.

    >>> entry_of("a[].seen.*.n"), entry_of("*"), entry_of("seen.total")
    ("a[].seen.*", "*", "")
    """
    parts = path.split(".")
    place = next((place for place, part in enumerate(parts) if part.rstrip("[]") == ENTRY), None)
    return "" if place is None else ".".join([*parts[:place], ENTRY])


def described_in(schema: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """Paths that a `$jsonSchema` names."""
    for key, child in (schema.get("properties") or {}).items():
        path = below(prefix, key)
        yield path
        yield from described_in(child, path)
        if isinstance(items := child.get("items"), Mapping):
            yield f"{path}[]"
            yield from described_in(items, f"{path}[]")


def told(paths: Collection[str], declared: Collection[str] = frozenset()) -> dict[str, str]:
    """Each stored path as it may be told: one that holds a key of a map ends at the map's `*`.

    A key may have dots (`seen.ana@x.org`), so a path is read from what contains it and is stored, too.
    """
    paths = set(paths)
    around = {path: _nearest(path, paths) for path in paths}
    maps = {
        container
        for path, container in around.items()
        if path not in declared
        and not is_field_name(_key(path, container))
        and _key(path, container) not in ("", ENTRY)
    }
    maps |= {_nearest(path, paths) for path in paths if path.rpartition(".")[2] == ENTRY}
    return {path: _told(path, around, maps, declared) for path in paths}


def _told(path: str, around: Mapping[str, str], maps: Collection[str], declared: Collection[str]) -> str:
    chain = [path]
    while chain[-1]:
        chain.append(around[chain[-1]])
    for inner, outer in reversed(list(pairwise(chain))):
        key = _key(inner, outer)
        if outer in maps and key and key != ENTRY and inner not in declared and inner != "_id":
            return below(outer, ENTRY)
    return path


def _key(path: str, container: str) -> str:
    """The key by which a container leads to the path; empty for an element of an array."""
    return path[len(container) :].removeprefix(".").replace("[]", "")


def _nearest(path: str, paths: Collection[str]) -> str:
    """The longest stored path that contains this one."""
    place = len(path)
    while place > 0:
        place = max(path.rfind(".", 0, place), path.rfind("[]", 0, place))
        if place > 0 and path[:place] in paths:
            return path[:place]
    return ""
