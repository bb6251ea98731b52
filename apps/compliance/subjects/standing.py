"""Whether a row whose pointer is not the person's is somebody else's. A pointer may say `guest`, or name what is gone:
then nobody is there to whom the row belongs, and what it tells of the person would otherwise stay for ever.

A thing (a charge) is somebody's where its own row, or a copy of it, names somebody; a person is somebody where their
own row or a copy of it is, or where the ledger remembers them: rows that an erasure leaves are still that person's.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from apps.compliance.subjects import ledger
from apps.compliance.subjects.patterns import forms
from apps.compliance.subjects.reach import Document, Keys, Reach, Target, chunks, named, reach
from apps.compliance.subjects.rules import EMAIL
from apps.compliance.subjects.territory import Domain, Site, Territory
from apps.compliance.subjects.types import Check, Owner

CHUNK = 2_000  # keys in one question
ADDRESS = re.compile(".(?:{}).".format("|".join(map(re.escape, forms("@")))), re.IGNORECASE)
Named = Iterable[tuple[Owner, str]]


@dataclass
class Standing:
    """What was asked in one pass is not asked again. Raises StoreError, also where the copy of a key cannot be asked:
    a key that nobody could look for is not taken for nobody's."""

    territory: Territory
    keys: Keys = field(repr=False)
    check: Check
    reached: Callable[[str], Reach] = reach
    _reaches: dict[str, Reach] = field(default_factory=dict, repr=False)
    _known: dict[str, dict[str, bool]] = field(default_factory=dict, repr=False)

    def others(self, rows: Iterable[tuple[Target, Document]]) -> list[bool]:
        """Of each row, whether it is somebody else's: the first rank that names the person or anybody who is there
        decides."""
        listed = [(target, [named(document, owners) for owners in target.ranks]) for target, document in rows]
        self._learn(pair for _, ranks in listed for rank in ranks for pair in rank)
        return [self._others(target, ranks) for target, ranks in listed]

    def somebodys(self, domain: str, keys: frozenset[str]) -> frozenset[str]:
        """Those of the keys that lead to somebody, the person not among them."""
        owner = Owner("", domain)
        self._learn((owner, key) for key in keys)
        return frozenset(key for key in keys if self._somebody(owner, key))

    def _others(self, target: Target, ranks: Iterable[list[tuple[Owner, str]]]) -> bool:
        for rank in ranks:
            if any(value in target.values(owner) for owner, value in rank):
                return False
            if any(self._somebody(owner, value) for owner, value in rank):
                return True
        return False

    def _somebody(self, owner: Owner, value: str) -> bool:
        """What is no address names no mailbox, whatever stands in a column of addresses."""
        return bool(ADDRESS.search(value)) if owner.domain == EMAIL else self._known[owner.domain][value]

    def _learn(self, pairs: Named) -> None:
        wanted: dict[str, set[str]] = {}
        for owner, value in pairs:
            if owner.domain != EMAIL and value not in self._known.setdefault(owner.domain, {}):
                wanted.setdefault(owner.domain, set()).add(value)
        for domain in self.territory.domains:
            for part in chunks(wanted.get(domain.name, ()), CHUNK):
                self.check()
                there = self._there(domain, frozenset(part))
                self._known[domain.name] |= {value: value in there for value in part}

    def _there(self, domain: Domain, values: frozenset[str]) -> frozenset[str]:
        found = ledger.entered(domain.name, values)
        spelled: dict[str, set[str]] = {}  # several may be ways to write one key
        for value in values:
            for way in spellings(value):
                spelled.setdefault(way, set()).add(value)
        for column in sorted(self.territory.own[domain.name]):
            site = self.territory.sites[self.territory.columns[column].dataset_id]
            if site.is_table and (column == domain.root or self._is_live(site)):
                found |= self._standing_in(site, column, domain, spelled)
        return found

    def _standing_in(self, site: Site, column: int, domain: Domain, spelled: Mapping[str, set[str]]) -> frozenset[str]:
        """Keys whose own row is in this table and, where they name a thing, says whose it is."""
        held = self.territory.columns[column]
        owner = Owner(held.name, domain.name, 0, held.type)
        target, where = Target(site.dataset, (owner,), {domain.name: frozenset(spelled)}), self._reach(site)
        if domain.rank == 0:
            return frozenset().union(*(spelled.get(key, ()) for key in where.keys(target, held.name)))
        above = tuple(each for each in self.territory.owners_of(site) if each.rank < domain.rank)
        theirs = replace(target, owners=above, keys=self.keys)
        rows = list(where.mine(target))
        other = self.others((theirs, document) for document in rows)
        own = [{key for _, key in named(document, (owner,))} for document in rows]
        theirs_now = (key for keys, foreign in zip(own, other, strict=True) if foreign for key in keys)
        return frozenset().union(*(spelled.get(key, ()) for key in theirs_now))

    def _is_live(self, site: Site) -> bool:
        return any(info.path == site.dataset.path for info in self._reach(site).live())

    def _reach(self, site: Site) -> Reach:
        source = site.dataset.source
        if source not in self._reaches:
            self._reaches[source] = self.reached(source)
        return self._reaches[source]


def spellings(key: str) -> set[str]:
    """The same key as another store may write it: who is overlooked here loses a row to somebody else's request."""
    plain = key.strip()
    whole = re.fullmatch(r"(-?\d+)\.0+", plain)
    return {key, plain, plain.lower(), plain.upper(), *(whole.groups() if whole else ())}
