"""Looks for a person's values in everything a store holds now, whether the catalog knows of it or not."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from apps.compliance.subjects.match import Matcher, leaves
from apps.compliance.subjects.reach import Keys, Reach, Target
from apps.compliance.subjects.rules import EMAIL
from apps.compliance.subjects.standing import Standing
from apps.compliance.subjects.territory import LAST, TABLES, Territory
from apps.compliance.subjects.types import Check, Dataset, Searched
from portal.stores.names import Names
from portal.stores.types import DatasetInfo

MOST_KEYS = 500  # each is one more condition on every row of a table that the catalog does not know
ASKED_AT_ONCE = 1_000
Hit = tuple[str, Mapping[str, Any], set[str]]  # whose, the row, paths at which a value stands
TEXTS = ("char", "text", "json", "variant", "object", "array", "string", "citext", "xml", "mixed")


@dataclass
class Seen:
    """Hits in one dataset: rows by column and by whose they are."""

    dataset: Dataset
    kind: str
    mine: Counter[str] = field(default_factory=Counter)
    nobody: Counter[str] = field(default_factory=Counter)
    others: int = 0
    rows_of_nobody: int = 0


@dataclass(frozen=True)
class Look:
    """One pass over one store."""

    territory: Territory
    source: str
    reach: Reach
    keys: Keys
    matcher: Matcher
    check: Check

    def tables(self) -> list[DatasetInfo]:
        """Views show what the tables below them hold; a materialized one holds a copy of its own."""
        return [info for info in self.reach.live() if info.kind in (*TABLES, "materialized_view")]

    def searched(self) -> Searched:
        columns = sum(1 for info in self.tables() for column in info.columns if _holds_text(column.type))
        return Searched(self.source, len(self.tables()), columns, sum(info.row_count or 0 for info in self.tables()))

    def target(self, info: DatasetInfo) -> Target:
        site = self.site_id(info)
        owners = self.territory.owners_of(self.territory.sites[site]) if site else ()
        key = [column.name for column in info.columns if column.primary_key]
        return Target(Dataset(self.source, info.path), owners, self.keys, key[0] if len(key) == 1 else "")

    def site_id(self, info: DatasetInfo) -> int | None:
        return next((s.id for s in self.territory.sites.values() if s.dataset == Dataset(self.source, info.path)), None)

    def names(self, info: DatasetInfo) -> Names:
        """What the catalog knows, which is the same in every search until it looks again; a sample is not."""
        if info.kind != "collection":
            return Names()
        site = self.site_id(info)
        return Names(self.territory.sites[site].columns if site else frozenset(), documents=True)

    @cached_property
    def wider(self) -> Matcher:
        """For tables that the catalog does not know: no column of theirs is known to hold keys, so that a row may name
        the person by a key alone. The identity's keys first, then those of things, the nearest first. A number is
        somebody's key in one table and an amount in the next: only keys with a letter tell anything."""
        ranks = {domain.name: domain.rank for domain in self.territory.domains}
        ordered = sorted(
            (ranks.get(name, LAST), key) for name, each in self.keys.items() if name != EMAIL for key in each
        )
        telling = [key for _, key in ordered if any(character.isalpha() for character in key)]
        return Matcher({**self.matcher.values, "key": telling[:MOST_KEYS]})

    def matcher_for(self, info: DatasetInfo) -> Matcher:
        return self.wider if self.site_id(info) is None else self.matcher

    @cached_property
    def standing(self) -> Standing:
        return Standing(self.territory, self.keys, self.check)

    def hits(self, info: DatasetInfo) -> Iterator[Hit]:
        """Every row in which a value stands. Of rows that point at others, a batch at a time is asked whether there is
        anybody at whom they point: most have no value of the person, and are not asked about."""
        target, pending = self.target(info), []
        for hit in self._found(info, target):
            if hit[0] != "other" or self.site_id(info) in self.territory.foreign:
                yield hit
                continue
            pending.append(hit)
            if len(pending) == ASKED_AT_ONCE:
                yield from self._settled(target, pending)
                pending = []
        yield from self._settled(target, pending)

    def _settled(self, target: Target, hits: Sequence[Hit]) -> Iterator[Hit]:
        others = self.standing.others((target, document) for _, document, _ in hits)
        for (_, document, paths), other in zip(hits, others, strict=True):
            yield "other" if other else "nobody", document, paths

    def _found(self, info: DatasetInfo, target: Target) -> Iterator[Hit]:
        names, matcher = self.names(info), self.matcher_for(info)
        foreign = self.site_id(info) in self.territory.foreign
        for document in self.reach.scan(info.path, matcher, check=self.check) if matcher else ():
            found: dict[str, set[str]] = {}
            for path, text in leaves(document, names):
                if kinds := {kind for kind, _ in matcher.found(text)}:
                    found.setdefault(path, set()).update(kinds)
            if found:
                yield ("other" if foreign else _whose(target, document, found)), document, set(found)

    def named_after(self) -> Iterator[tuple[Dataset, str]]:
        """(dataset, column or nothing) of what the store has under a name with an address, a number or a name of two
        words of the person; that is cut out here. Keys of documents are looked for with what stands under them."""
        for info in self.reach.live():
            columns = () if info.kind == "collection" else [column.name for column in info.columns]
            dataset = Dataset(self.source, info.path)
            if self._named(dataset):
                yield self.cut(dataset), ""
            for column in filter(self._names, columns):
                yield self.cut(dataset), self.matcher.cut(column)

    def _names(self, text: str) -> bool:
        return any(kind != "name" or " " in value for kind, value in self.matcher.found(text))

    def cut(self, dataset: Dataset) -> Dataset:
        """How a dataset may be told of."""
        return Dataset(dataset.source, tuple(map(self.matcher.cut, dataset.path))) if self._named(dataset) else dataset

    def _named(self, dataset: Dataset) -> bool:
        return any(map(self._names, dataset.path))

    def all(self) -> Iterator[Seen]:
        for info in self.tables():
            self.check()
            seen = Seen(Dataset(self.source, info.path), info.kind)
            for whose, _, paths in self.hits(info):
                if whose == "other":
                    seen.others += 1
                elif whose == "mine":
                    seen.mine.update(paths)
                else:
                    seen.rows_of_nobody += 1
                    seen.nobody.update(paths)
            if seen.others or seen.mine or seen.nobody:
                yield seen


def _whose(target: Target, document: Mapping[str, Any], found: Mapping[str, set[str]]) -> str:
    """An address column that holds her address among other words ("Ann <ann@...>") names nobody else by it. A name of
    hers inside somebody's address does not make it hers."""
    whose = target.whose(document)
    deciding = (owner for owner, _ in target.deciding(document) if owner.domain == EMAIL)
    loosely = any("email" in found.get(owner.column, ()) for owner in deciding)
    return "nobody" if whose == "other" and loosely else whose


def _holds_text(kind: str) -> bool:
    return any(word in kind.lower() for word in TEXTS)


def live_keys(reaches: Mapping[str, Reach]) -> dict[tuple[str, tuple[str, ...]], str]:
    """The single primary key of each live table, by source and path."""
    found = {}
    for source, reach in reaches.items():
        for info in reach.live():
            keys = [column.name for column in info.columns if column.primary_key]
            if len(keys) == 1:
                found[source, info.path] = keys[0]
    return found


def head(path: str) -> str:
    """The column of a table in which a path lies."""
    return path.partition(".")[0].partition("[")[0]
