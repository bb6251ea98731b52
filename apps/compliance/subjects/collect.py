"""What belongs into the answer to an access request."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from apps.catalog.models import Column
from apps.compliance.subjects import holders
from apps.compliance.subjects.entries import entries
from apps.compliance.subjects.fates import above_of
from apps.compliance.subjects.looking import Look
from apps.compliance.subjects.match import Matcher, inside, leaves
from apps.compliance.subjects.reach import Document, Target, reach
from apps.compliance.subjects.rules import Rule
from apps.compliance.subjects.territory import Site, Territory, survey
from apps.compliance.subjects.types import Action, Check, Place, Plan, Trace
from portal.stores.names import ENTRY, Names, below, entry_of, is_entry

Record = Mapping[str, object]
NOT_THEIRS = "[about somebody else]"
NOT_KNOWN = "[nobody has said yet what this holds]"
EVERY = 1_000


def collect(*, plan: Plan, trace: Trace, check: Check) -> Iterator[tuple[str, Iterator[Record]]]:
    """(title of the dataset or holder, its records), JSON-able; consume each iterator before the next. Raises
    StoreError, and HolderSilent when a holder cannot answer: an answer with a hole in it is none."""
    territory = survey()
    for place in plan.places:
        check()
        rows = _texts if place.action is Action.CUT else _rows
        yield place.dataset.title, rows(territory, place, trace, check)
    for title, records in holders.collect(trace):
        yield title, ({"place": where, **record} for where, record in records)


def _rows(territory: Territory, place: Place, trace: Trace, check: Check) -> Iterator[Record]:
    target = Target(place.dataset, place.owners, trace.keys)
    site = next((site for site in territory.sites.values() if site.dataset == place.dataset), None)
    rule = territory.rule(site) if site else None
    for number, document in enumerate(reach(place.dataset.source).mine(target)):
        if number % EVERY == 0:
            check()
        yield _shown_keys(site, rule, "", document)


def _texts(territory: Territory, place: Place, trace: Trace, check: Check) -> Iterator[Record]:
    """Of rows that are nobody's, the texts that name the person and nothing beside them."""
    matcher = Matcher(trace.values)
    look = Look(territory, place.dataset.source, reach(place.dataset.source), trace.keys, matcher, check)
    for info in look.tables():
        if info.path == place.dataset.path and matcher:
            for whose, document, _ in look.hits(info):
                if whose != "other":
                    yield _named(document, look.names(info), matcher)


def _named(document: Document, names: Names, matcher: Matcher) -> Record:
    """The texts by their paths; beside a key that names the person, the figure that stands under it."""
    figures = {
        (path, key): value for path, key, value in entries(document, names, matcher) if isinstance(value, int | float)
    }
    found: dict[str, list[object]] = {}
    for path, text in leaves(document, names):
        if matcher.found(text):
            shown = f"{text}: {figures[path, text]}" if (path, text) in figures else text
            found.setdefault(path, []).append(shown)
    return {path: texts[0] if len(texts) == 1 else texts for path, texts in found.items()}


def _shown(site: Site | None, rule: Rule | None, path: str, value: Any) -> Any:
    """What the person may see of one column or path: theirs, as far as somebody has said what it holds."""
    if rule and path in rule.redact:
        return NOT_THEIRS
    if isinstance(value, list):
        return [_shown(site, rule, f"{path}[]", item) for item in value]
    typed = inside(value) if isinstance(value, Mapping) else value
    if isinstance(value, Mapping) and typed is None:
        return _shown_keys(site, rule, path, value)
    return typed if _known(site, path) else NOT_KNOWN


def _shown_keys(site: Site | None, rule: Rule | None, path: str, value: Mapping[str, Any]) -> dict[str, Any]:
    """Keys that are data may be others': they are told where somebody has said what they hold."""
    shown: dict[str, Any] = {}
    for key in names_of(site).of(path, value):
        inner = below(path, key.segment)
        if key.segment != ENTRY:
            shown[key.text] = _shown(site, rule, inner, value[key.text])
        elif rule and inner in rule.redact:
            shown[ENTRY] = NOT_THEIRS
        elif not _known(site, inner):
            shown[ENTRY] = NOT_KNOWN
        else:
            shown[key.text] = _shown(site, rule, inner, value[key.text])
    return shown


def names_of(site: Site | None) -> Names:
    """Of a dataset that the catalog does not know, nothing is known to be a name."""
    if site is None:
        return Names(documents=True)
    return Names(site.columns, documents=True) if site.kind == "collection" else Names()


def _known(site: Site | None, path: str) -> bool:
    """Classified itself, or inside something that is; a map's entries are known by what is said of its keys alone."""
    columns = site.columns if site else {}
    if site and site.kind == "collection" and (entry := entry_of(path)):
        paths: tuple[str, ...] = (path, *(above for above in above_of(path) if is_entry(above)))
        return entry in columns and bool(columns[entry].category) and _any(columns, paths)
    return _any(columns, (path, *above_of(path)))


def _any(columns: Mapping[str, Column], paths: Iterable[str]) -> bool:
    return any(columns[name].category for name in paths if name in columns)
