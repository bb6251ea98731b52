"""Finds everything of one person: where it is, how it was reached, and what the governance file says happens to it.

Raises StoreError (`unreachable`) where a store cannot be asked: a run's step then waits for it, and nothing is
called complete. Raises NoRules while no governance file that was applied has a section `subjects`.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from django.conf import settings

from apps.compliance.subjects import holders
from apps.compliance.subjects.looking import live_keys
from apps.compliance.subjects.match import Matcher, at, normal
from apps.compliance.subjects.planning import Planner
from apps.compliance.subjects.reach import Keys, Reach, Target, reach
from apps.compliance.subjects.rules import EMAIL
from apps.compliance.subjects.territory import Site, Territory, survey
from apps.compliance.subjects.types import (
    Candidate,
    Check,
    Discovery,
    Finding,
    FindingKind,
    Identified,
    Subject,
    Trace,
)
from portal.stores.names import is_entry

KINDS = {"user.contact.email": "email", "user.contact.phone_number": "phone", "user.name": "name"}
WORDS = {"email": "e-mail address", "phone": "telephone number", "name": "name"}


class NoRules(LookupError):
    """No governance file says how a person is found."""


def identify(*, email: str, check: Check) -> Identified:
    """Who has this address, in the identity datasets and all their copies; compared without case and edges."""
    territory = surveyed()
    reaches = {source: reach(source) for source in settings.STORES}
    shown: dict[str, dict[str, str]] = defaultdict(dict)
    places: dict[str, list[str]] = defaultdict(list)
    for site, key, address in identity_sites(territory):
        check()
        for document in reaches[site.dataset.source].by_email(site.dataset.path, address, plain(email)):
            for found in (str(value) for value in at(document, key) if value is not None):
                for name, value in _shown(territory, site, document).items():
                    shown[found].setdefault(name, value)
                if site.dataset.title not in places[found]:
                    places[found].append(site.dataset.title)
    return Identified(
        tuple(Candidate(key, shown[key], tuple(places[key])) for key in sorted(places)),
        tuple(sorted({site.dataset.title for site, _, _ in identity_sites(territory)})),
    )


def discover(*, subject: Subject, check: Check, before: Trace | None = None) -> Discovery:
    """The whole plan, and the trace to keep sealed for `erasure` and `rescan`.

    `before` is what the same request knew already: it is looked for, too, and stays in the trace."""
    before = before or Trace()
    territory = surveyed()
    reaches = {source: reach(source) for source in settings.STORES}
    keys = keys_of(territory, reaches, subject, check, before.keys)
    values, shared = values_of(territory, reaches, keys, subject, check)
    keys[EMAIL] = values.pop("own email")
    trace = before | Trace(keys, values)
    planner = Planner(territory, reaches, trace.keys, live_keys(reaches), Matcher(trace.values), check)
    plan = planner.plan(shared, holders.find(trace))
    return Discovery(plan, trace)


def surveyed() -> Territory:
    territory = survey()
    if not territory.rules.identities:
        raise NoRules("No governance file says how a person is found: apply one with a section `subjects`.")
    return territory


def plain(email: str) -> str:
    return email.strip().lower()


def identity_sites(territory: Territory) -> Iterator[tuple[Site, str, str]]:
    """(table, its key, its e-mail column): the identity datasets and their copies, older versions of rows included."""
    for identity in territory.rules.identities:
        origin = territory.find(identity.source, identity.path)
        address = origin and origin.column(identity.email)
        root = origin and origin.column(identity.key)
        if not origin or not address or not root:
            continue
        keys = _copies_of(territory, root.pk)
        for column in _copies_of(territory, address.pk):
            site = territory.sites[territory.columns[column].dataset_id]
            key = next((territory.columns[pk].name for pk in keys if territory.columns[pk].dataset_id == site.id), "")
            if site.is_table and key:
                yield site, key, territory.columns[column].name


def _copies_of(territory: Territory, column: int) -> list[int]:
    found, waiting = [], [column]
    while waiting:
        each = waiting.pop(0)
        if each not in found:
            found.append(each)
            waiting += territory.copies.get(each, [])
    return found


def _shown(territory: Territory, site: Site, document: Mapping[str, Any]) -> dict[str, str]:
    for identity in territory.rules.identities:
        if territory.find(identity.source, identity.path) == site:
            return {name: str(document[name]) for name in identity.shown if document.get(name) is not None}
    return {}


def keys_of(
    territory: Territory, reaches: Mapping[str, Reach], subject: Subject, check: Check, before: Keys
) -> dict[str, frozenset[str]]:
    """Keys of the person and of their things, by domain, with those known `before`. A thing is theirs where its own
    row (or a copy of it, when the original is gone) is theirs; that something of theirs points at it is not enough."""
    identities = {domain.name for domain in territory.domains if domain.rank == 0}
    keys = {name: frozenset(subject.keys) | before.get(name, frozenset()) for name in identities}
    for domain in territory.domains:
        if domain.rank == 0:
            continue
        found = set(before.get(domain.name, ()))
        for column in sorted(territory.own[domain.name]):
            site = territory.sites[territory.columns[column].dataset_id]
            owners = tuple(owner for owner in territory.owners_of(site) if owner.rank < domain.rank)
            if site.is_table and owners:
                check()
                target = Target(site.dataset, owners, keys)
                found |= reaches[site.dataset.source].keys(target, territory.columns[column].name)
        keys[domain.name] = frozenset(found)
    return keys


def values_of(
    territory: Territory, reaches: Mapping[str, Reach], keys: Keys, subject: Subject, check: Check
) -> tuple[dict[str, frozenset[str]], list[Finding]]:
    """What identifies the person in text, without what others have, too. `own email` are the addresses of the
    identity itself: by them alone, rows that name nobody else are the person's."""
    found: dict[str, set[str]] = {kind: set() for kind in WORDS}
    found["email"].add(plain(subject.email))
    own = {plain(subject.email)}
    identity = {(site.id, address) for site, _, address in identity_sites(territory)}
    for site in [each for each in territory.owned() if each.is_table]:
        owners = tuple(owner for owner in territory.owners_of(site) if owner.domain != EMAIL)
        if not owners:
            continue
        for column in site.columns.values():
            kind = KINDS.get(column.category, "")
            if not kind or ":" in column.name or column.name in {o.column for o in owners}:
                continue
            if is_entry(column.name):
                continue  # a map in a row of the person names others, as a list of contacts does
            check()
            texts = reaches[site.dataset.source].keys(Target(site.dataset, owners, keys), column.name)
            clean = {each for text in texts if (each := normal(kind, text)) and fits(kind, text)}
            found[kind] |= clean
            own |= clean if (site.id, column.name) in identity else set()
    shared = _shared(territory, reaches, keys, found, check)
    values = {kind: frozenset(each - shared[kind]) for kind, each in found.items()}
    values["own email"] = frozenset(own - shared["email"])
    return values, _tell(shared)


def fits(kind: str, text: str) -> bool:
    """Documents and malformed rows have anything in these columns; a remark is no telephone number."""
    if text[:1] in "{[":
        return False
    digits = sum(character.isdigit() for character in text)
    return "@" in text if kind == "email" else digits >= 7 if kind == "phone" else digits == 0


def _shared(
    territory: Territory, reaches: Mapping[str, Reach], keys: Keys, found: Mapping[str, set[str]], check: Check
) -> dict[str, set[str]]:
    """Values that stand, whole, in the identity row of somebody else."""
    matcher = Matcher(found)
    shared: dict[str, set[str]] = {kind: set() for kind in found}
    for site in {site.id: site for site, _, _ in identity_sites(territory)}.values():
        target = Target(site.dataset, territory.owners_of(site), keys)
        for document in reaches[site.dataset.source].scan(site.dataset.path, matcher, check=check):
            if target.whose(document) != "other":
                continue
            for value in document.values():
                if isinstance(value, str) and (whole := matcher.whole(value)):
                    shared[whole[0]].add(whole[1])
    return shared


def _tell(shared: Mapping[str, set[str]]) -> list[Finding]:
    return [
        Finding(
            FindingKind.SHARED,
            f"{len(values)} {WORDS[kind]}{'es' if kind == 'email' and len(values) > 1 else ''} of the person "
            f"{'is' if len(values) == 1 else 'are'} somebody else's, too: nothing is found by it alone.",
            count=len(values),
        )
        for kind, values in shared.items()
        if values
    ]
