"""What becomes of each column of rows that stay: what is personal goes, the key stays, and what nobody has classified
stops the plan."""

import json
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from apps.catalog.models import Column
from apps.catalog.models import Dataset as Row
from apps.compliance.subjects.rules import EMAIL, Rule
from apps.compliance.subjects.territory import Site, Territory
from apps.compliance.subjects.types import Action, ColumnFate, Finding, FindingKind
from portal.stores.names import entry_of, is_entry

PERSONAL = "user"
PSEUDONYM = "user.unique_id.pseudonymous"
FIXED = "[erased]"
NOT_KNOWN = "nobody has said what it holds, so nothing of it stays"
KEYS = "whose keys are data: it goes with all its entries, unless somebody says what they hold"
OF_A_MAP = "because of a map in it: it is emptied, unless somebody says what the map's keys hold"
NOT_SEARCHED = "whose keys are data, and which holds bytes that no search can read"
UNSEARCHED = ("binData", "regex", "javascript")
# By the beginning of the type's name, what stands where the store demands a value and none may be told.
STANDINS = (
    ("bool", "false"),
    ("timestamp", "1970-01-01T00:00:00+00:00"),
    ("date", "1970-01-01"),
    ("int", "0"),
    ("bigint", "0"),
    ("smallint", "0"),
    ("num", "0"),
    ("decimal", "0"),
    ("double", "0"),
    ("real", "0"),
    ("float", "0"),
    ("json", "{}"),
    ("variant", "{}"),
    ("inet", "0.0.0.0"),  # noqa: S104 - an address that is nobody's
    ("uuid", "00000000-0000-0000-0000-000000000000"),
)


def personal(category: str) -> bool:
    return category == PERSONAL or category.startswith(f"{PERSONAL}.")


def standin(kind: str) -> str:
    name = kind.lower()
    if name.endswith("[]"):
        return "{}"
    for start, value in STANDINS:
        if name.startswith(start):
            return value
    width = name.partition("(")[2].rstrip(")")
    # ISO 3166 keeps ZZ free for "unknown", and a short code of any kind is filled in the same way.
    return "Z" * int(width) if width.isdigit() and int(width) < len(FIXED) else FIXED


class Demands:
    """Columns that must not be empty: the store says so, or a copy's original must not be, and the checks of the
    copies were written for that."""

    def __init__(self, territory: Territory) -> None:
        self._found: dict[int, str] = {}
        waiting: deque[int] = deque()
        for column, value in _demanding(territory):
            self._found[column] = value
            waiting.append(column)
        while waiting:
            each = waiting.popleft()
            for copy in territory.copies.get(each, ()):
                if copy not in self._found:
                    self._found[copy] = self._found[each]
                    waiting.append(copy)

    def of(self, column: Column) -> str | None:
        return self._found.get(column.pk)


def _demanding(territory: Territory) -> Iterator[tuple[int, str]]:
    validators = {
        row.pk: row.definition
        for row in Row.objects.filter(pk__in=territory.sites, kind="collection")
        if row.definition
    }
    for site in territory.sites.values():
        required = set(_required(validators.get(site.id, ""))) if site.kind == "collection" else None
        for column in site.columns.values():
            if required is None:
                if site.kind == "table" and not column.nullable:
                    yield column.pk, standin(column.type)
            elif column.name in required:
                yield column.pk, standin("text")


def _required(validator: str) -> Iterator[str]:
    """Paths that a `$jsonSchema` demands. A sample of documents that all have a path demands nothing."""
    try:
        body = json.loads(validator or "{}")
    except ValueError:
        return
    yield from _required_in(body.get("$jsonSchema") or {}, "")


def _required_in(schema: Mapping[str, Any], prefix: str) -> Iterator[str]:
    for name in schema.get("required") or ():
        yield f"{prefix}{name}"
    for name, child in (schema.get("properties") or {}).items():
        yield from _required_in(child, f"{prefix}{name}.")
        if isinstance(child.get("items"), Mapping):
            yield from _required_in(child["items"], f"{prefix}{name}[].")


def leaves_of(site: Site) -> list[Column]:
    """Columns that hold values: not the documents around other paths, nor the parts inside a JSON column, nor maps."""
    around = {above for name in site.columns for above in above_of(name)}
    return [
        column
        for name, column in site.columns.items()
        if not is_part(site, column) and name not in around and not is_entry(name)
    ]


def is_part(site: Site, column: Column) -> bool:
    """Whether it is a path inside of a table's JSON column. A column may have the sign of such a path in its name."""
    return site.kind != "collection" and column.within_id is not None


def maps_of(site: Site) -> dict[str, list[Column]]:
    """By the entry of each map (`seen.*`), the column of its keys and those of what stands under them."""
    found: dict[str, list[Column]] = defaultdict(list)
    for name, column in site.columns.items():
        if site.kind == "collection" and is_entry(name):
            found[entry_of(name)].append(column)
    return found


def above_of(path: str) -> Iterator[str]:
    """What contains a document's path, the nearest first."""
    while path:
        path = path[:-2] if path.endswith("[]") else path.rpartition(".")[0]
        if path:
            yield path


def fates(
    territory: Territory, demands: Demands, site: Site, action: Action, rule: Rule | None
) -> tuple[tuple[ColumnFate, ...], list[Finding]]:
    if action not in (Action.MASK, Action.KEEP):
        return (), []
    keys = {owner.column for owner in territory.owners[site.id] if owner.domain != EMAIL}
    keys |= {column.name for column in site.columns.values() if _made_of_keys(territory, column)}
    found, findings = [], []
    for column in leaves_of(site):
        fate = _fate(column, keys, rule, demands)
        if fate is None and only_maps(territory, column):
            findings.append(_unknown(site, column.name, OF_A_MAP, blocking=False))
            fate = ColumnFate(column.name, True, NOT_KNOWN, demands.of(column))
        if fate is None:
            findings.append(_unknown(site, column.name, "and its rows stay", blocking=True))
        else:
            found.append(fate)
    for entry, columns in maps_of(site).items():
        fate, finding = _fate_of_map(site, entry, columns, rule)
        found.append(fate)
        findings += [finding] if finding else []
    return tuple(found), findings


def _unknown(site: Site, name: str, why: str, *, blocking: bool) -> Finding:
    message = f"Nobody has classified {site.dataset.title}.{name}, {why}."
    return Finding(FindingKind.UNCLASSIFIED, message, site.dataset, name, blocking=blocking)


def _fate_of_map(
    site: Site, entry: str, columns: Sequence[Column], rule: Rule | None
) -> tuple[ColumnFate, Finding | None]:
    """A map goes from a row that stays with all its entries or with none: nobody knows whose each key is. Only what
    cannot be searched by value stops the plan."""
    names = {column.name for column in columns}
    if rule and entry in rule.keep:
        return ColumnFate(entry, False, "the governance file keeps it"), None
    if rule and names & set(rule.mask):
        return ColumnFate(entry, True, "the governance file masks it"), None
    if category := next((column.category for column in columns if personal(column.category)), ""):
        return ColumnFate(entry, True, f"personal: {category}"), None
    if entry in names and all(column.category for column in columns):
        return ColumnFate(entry, False, f"not personal: {columns[0].category}"), None
    if any(kind in column.type for column in columns for kind in UNSEARCHED):
        return ColumnFate(entry, True, NOT_KNOWN), _unknown(site, entry, NOT_SEARCHED, blocking=True)
    return ColumnFate(entry, True, NOT_KNOWN), _unknown(site, entry, KEYS, blocking=False)


def only_maps(territory: Territory, column: Column) -> bool:
    """Whether nobody knows what a column holds for no other reason than a map above it, or inside it."""
    waiting, seen, causes = [column], {column.pk}, []
    while waiting:
        each = waiting.pop()
        above = [found for found in _made_of(territory, each) if not found.category]
        if not above:
            causes.append(each)
        waiting += [found for found in above if found.pk not in seen]
        seen |= {found.pk for found in above}
    return bool(causes) and all(is_entry(each.name.rpartition(":")[2]) for each in causes)


def _made_of(territory: Territory, column: Column) -> list[Column]:
    inside = territory.sites[column.dataset_id].columns.values()
    return [
        *(territory.columns[pk] for pk in territory.origins.get(column.pk, ())),
        *(part for part in inside if part.within_id == column.pk),
    ]


def _made_of_keys(territory: Territory, column: Column) -> bool:
    """A number of a version, say: the key with something added names nobody more than the key does."""
    waiting, seen = list(territory.origins.get(column.pk, ())) if column.category == PSEUDONYM else [], set()
    while waiting:
        each = waiting.pop()
        found = territory.columns[each]
        if any(o.column == found.name and o.domain != EMAIL for o in territory.owners.get(found.dataset_id, ())):
            return True
        waiting += [above for above in territory.origins.get(each, ()) if above not in seen]
        seen.add(each)
    return False


def _fate(column: Column, keys: set[str], rule: Rule | None, demands: Demands) -> ColumnFate | None:
    name = column.name
    if column.primary_key or name in keys:
        return ColumnFate(name, False, "the key, which names nobody by itself")
    if rule and name in rule.keep:
        return ColumnFate(name, False, "the governance file keeps it")
    if rule and name in rule.mask:
        return ColumnFate(name, True, "the governance file masks it", demands.of(column))
    if personal(column.category):
        return ColumnFate(name, True, f"personal: {column.category}", demands.of(column))
    return ColumnFate(name, False, f"not personal: {column.category}") if column.category else None
