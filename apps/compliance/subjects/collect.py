"""What belongs into the answer to an access request."""

from collections.abc import Iterator, Mapping
from typing import Any

from apps.compliance.subjects import holders
from apps.compliance.subjects.fates import above_of
from apps.compliance.subjects.looking import Look
from apps.compliance.subjects.match import Matcher, leaves
from apps.compliance.subjects.reach import Target, reach
from apps.compliance.subjects.rules import Rule
from apps.compliance.subjects.territory import Site, Territory, survey
from apps.compliance.subjects.types import Action, Check, Place, Plan, Trace

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
        yield {name: _shown(site, rule, name, value) for name, value in document.items()}


def _texts(territory: Territory, place: Place, trace: Trace, check: Check) -> Iterator[Record]:
    """Of rows that are nobody's, the texts that name the person and nothing beside them."""
    matcher = Matcher(trace.values)
    look = Look(territory, place.dataset.source, reach(place.dataset.source), trace.keys, matcher, check)
    for info in look.tables():
        if info.path == place.dataset.path and matcher:
            for whose, document, paths in look.hits(info):
                if whose != "other":
                    yield {path: text for path, text in leaves(document) if path in paths}


def _shown(site: Site | None, rule: Rule | None, path: str, value: Any) -> Any:
    """What the person may see of one column or path: theirs, as far as somebody has said what it holds."""
    if rule and path in rule.redact:
        return NOT_THEIRS
    if isinstance(value, list):
        return [_shown(site, rule, f"{path}[]", item) for item in value]
    if isinstance(value, Mapping):
        if len(value) == 1 and next(iter(value)).startswith("$"):
            return next(iter(value.values()))  # a date or an id of a document
        return {key: _shown(site, rule, f"{path}.{key}", item) for key, item in value.items()}
    return value if _known(site, path) else NOT_KNOWN


def _known(site: Site | None, path: str) -> bool:
    """Classified itself, or inside something that is."""
    columns = site.columns if site else {}
    return any(columns[name].category for name in (path, *above_of(path)) if name in columns)
