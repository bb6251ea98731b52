"""Finds everything of one person: where it is, how it was reached, and what the governance file says happens to it.

Raises StoreError (`unreachable`) where a store cannot be asked: a run's step then waits for it, and nothing is
called complete; Blind where a store does not show all it has; NoRules while no governance file that was applied has a
section `subjects`.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from django.conf import settings

from apps.compliance.subjects import holders
from apps.compliance.subjects.identities import identity_sites
from apps.compliance.subjects.looking import live_keys
from apps.compliance.subjects.match import Matcher, at
from apps.compliance.subjects.planning import Planner
from apps.compliance.subjects.reach import Keys, Reach, Target, reach
from apps.compliance.subjects.rules import EMAIL
from apps.compliance.subjects.sight import require_sight
from apps.compliance.subjects.standing import Standing
from apps.compliance.subjects.territory import Domain, Site, Territory, survey
from apps.compliance.subjects.types import (
    Candidate,
    Check,
    Discovery,
    Finding,
    FindingKind,
    Identified,
    Owner,
    Subject,
    Trace,
    thing,
)
from apps.compliance.subjects.values import plain, values_of


class NoRules(LookupError):
    """No governance file says how a person is found."""


def identify(*, email: str, check: Check) -> Identified:
    """Who has this address, in the identity datasets and all their copies; compared without case and edges."""
    territory = surveyed()
    reaches = {source: reach(source) for source in settings.STORES}
    require_sight(territory, reaches)
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
    require_sight(territory, reaches)
    keys, moved = keys_of(territory, reaches, subject, check, before.keys)
    values = values_of(territory, reaches, keys=keys, subject=subject, before=before, check=check)
    trace = Trace({**before.keys, **keys, EMAIL: values.own}, values.followed, values.aside)
    planner = Planner(territory, reaches, trace.keys, live_keys(reaches), Matcher(trace.values), check)
    plan = planner.plan([*values.findings, *moved], holders.find(trace))
    return Discovery(plan, trace)


def surveyed() -> Territory:
    territory = survey()
    if not territory.rules.identities:
        raise NoRules("No governance file says how a person is found: apply one with a section `subjects`.")
    return territory


def _shown(territory: Territory, site: Site, document: Mapping[str, Any]) -> dict[str, str]:
    for identity in territory.rules.identities:
        if territory.find(identity.source, identity.path) == site:
            return {name: str(document[name]) for name in identity.shown if document.get(name) is not None}
    return {}


def keys_of(
    territory: Territory, reaches: Mapping[str, Reach], subject: Subject, check: Check, before: Keys
) -> tuple[dict[str, frozenset[str]], list[Finding]]:
    """Keys of the person and of their things, by domain, with those known `before` that are not somebody else's now.
    A thing is theirs where its own row (or a copy of it, when the original is gone) is theirs; that something of
    theirs points at it is not enough."""
    identities = {domain.name for domain in territory.domains if domain.rank == 0}
    keys = {name: frozenset(subject.keys) | before.get(name, frozenset()) for name in identities}
    findings: list[Finding] = []
    for domain in territory.domains:
        if domain.rank == 0:
            continue
        found = before.get(domain.name, frozenset())
        # Of a row that names nobody who is there, nobody says that it is theirs now.
        standing = Standing(territory, keys, check, reaches.__getitem__)
        moved = standing.somebodys(domain.name, named_by_others(territory, reaches, domain, keys, found))
        for column in sorted(territory.own[domain.name]):
            site = territory.sites[territory.columns[column].dataset_id]
            owners = _above(territory, site, domain)
            if site.is_table and owners:
                check()
                target = Target(site.dataset, owners, keys)
                found |= reaches[site.dataset.source].keys(target, territory.columns[column].name)
        keys[domain.name] = found - moved
        if moved:
            said = f"{len(moved)} {thing(domain.name)} that the person had now belongs to somebody else: not followed."
            findings.append(Finding(FindingKind.PASSED_ON, said, count=len(moved)))
    return keys, findings


def named_by_others(
    territory: Territory, reaches: Mapping[str, Reach], domain: Domain, keys: Keys, before: frozenset[str]
) -> frozenset[str]:
    """Keys that were the person's and whose own row names another key today."""
    column = territory.columns[domain.root]
    site = territory.sites[column.dataset_id]
    owners = _above(territory, site, domain)
    if not before or not owners:
        return frozenset()
    target = Target(site.dataset, owners, {**keys, domain.name: before})
    pointer = Owner(column.name, domain.name, domain.rank, column.type)
    return reaches[site.dataset.source].of_others(target, pointer)


def _above(territory: Territory, site: Site, domain: Domain) -> tuple[Owner, ...]:
    return tuple(owner for owner in territory.owners_of(site) if owner.rank < domain.rank)
