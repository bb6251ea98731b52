"""Tables: PostgreSQL and the warehouse. Sets of keys travel as one bound parameter, and work goes in batches, each in
a transaction of its own: whoever is killed in between has done a part, and the next one finds the rest."""

# ruff: noqa: S608 - names come from the catalog and from the store itself, and are quoted; values are bound

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from apps.compliance.subjects.match import Matcher
from apps.compliance.subjects.patterns import BETWEEN_DIGITS
from apps.compliance.subjects.quoting import address, blank, quote, quoted
from apps.compliance.subjects.reach import Document, Target, shown
from apps.compliance.subjects.types import Check, ColumnFate, Owner, Path, Progress
from portal.stores.names import Names
from portal.stores.types import DatasetInfo, Sql, Store

TIMEOUT_S = 3600.0
ROWS = 5_000
Part = tuple[str, tuple[Any, ...]]  # SQL and its parameters
NEVER: Part = ("false", ())


class Tables(ABC):
    """What both say in the same words. Names come from the catalog and the store itself, and are quoted."""

    batch_rows = 0  # 0: one statement
    tab = r"\t"  # as a text of SQL says it
    fence = ""  # behind a subquery: what it computes is computed once for a row

    def __init__(self, store: Store) -> None:
        self.store = store
        self._live: list[DatasetInfo] | None = None

    # What differs.

    @abstractmethod
    def among(self, owner: Owner, values: frozenset[str]) -> Part: ...

    @abstractmethod
    def document(self, path: Path) -> str:
        """The row of a table `t` as the text of JSON."""

    @abstractmethod
    def contains(self, text: str) -> str: ...

    def closed(self, text: str) -> str:
        """Without what may stand between digits; a tab stands in JSON as its escape."""
        return f"translate(replace({text}, '{self.tab}', ''), '{BETWEEN_DIGITS}', '')"

    @abstractmethod
    def assigned(self, kind: str) -> str:
        """The placeholder of a value for a column of this type."""

    # What is the same.

    def live(self) -> Sequence[DatasetInfo]:
        if self._live is None:
            self._live = shown(self.store)
        return self._live

    def rows(self, text: str, params: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
        with self.store.read(Sql(text, params), batch_rows=ROWS, timeout_s=TIMEOUT_S) as found:
            for batch in found:
                yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)

    def count(self, target: Target) -> int:
        where, params = self.owned(target)
        return sum(int(n) for (n,) in self.rows(f"select count(*) as n from {self.name(target)} where {where}", params))

    def keys(self, target: Target, column: str) -> frozenset[str]:
        where, params = self.owned(target)
        text = f"select distinct cast({quote(column)} as varchar) as k from {self.name(target)} where {where}"
        return frozenset(str(key) for (key,) in self.rows(text, params) if key is not None)

    def newest(self, target: Target, column: str) -> datetime | None:
        where, params = self.owned(target)
        text = f"select max({quote(column)}) as at from {self.name(target)} where {where}"
        return next((at for (at,) in self.rows(text, params)), None)

    def by_email(self, path: Path, column: str, email: str) -> Iterator[Document]:
        text = f"select {self.document(path)} as doc from {quoted(path)} t where {address(quote(column))} = %s"
        return self.documents(text, (email,))

    def mine(self, target: Target) -> Iterator[Document]:
        where, params = self.owned(target)
        text = f"select {self.document(target.dataset.path)} as doc from {self.name(target)} t where {where}"
        return self.documents(text, params)

    def pointed_at(self, target: Target, pointer: Owner) -> int:
        theirs, params = self.owned(target)
        among, more = self.among(pointer, target.values(pointer))
        text = f"select count(*) as n from {self.name(target)} where {among} and not coalesce({theirs}, false)"
        return sum(int(n) for (n,) in self.rows(text, (*more, *params)))

    def of_others(self, target: Target, pointer: Owner) -> frozenset[str]:
        theirs, params = self.owned(target)
        among, more = self.among(pointer, target.values(pointer))
        named = " or ".join(f"not {blank(owner)}" for owner in target.owners)
        text = (
            f"select distinct cast({quote(pointer.column)} as varchar) as k from {self.name(target)} "
            f"where {among} and ({named}) and not coalesce({theirs}, false)"
        )
        return frozenset(str(key) for (key,) in self.rows(text, (*more, *params)))

    def scan(self, path: Path, matcher: Matcher, *, check: Check) -> Iterator[Document]:
        where = [*(self.contains("low") for _ in matcher.needles), *(self.contains("closed") for _ in matcher.digits)]
        closed = f", {self.closed('lower(doc)')} as closed" if matcher.digits else ""
        rows = f"select {self.document(path)} as doc from {quoted(path)} t{self.fence}"
        lower = f"select doc, lower(doc) as low{closed} from ({rows}) as q{self.fence}"
        text = f"select doc from ({lower}) as r where {' or '.join(where)}"
        yield from self.documents(text, (*matcher.needles, *matcher.digits))
        check()

    def documents(self, text: str, params: tuple[Any, ...]) -> Iterator[Document]:
        for (doc,) in self.rows(text, params):
            yield json.loads(doc)

    def erase(self, target: Target, *, check: Check, progress: Progress) -> int:
        where, params = self.owned(target)
        return self.in_batches(target, (f"delete from {self.name(target)}", ()), (where, params), check, progress)

    def mask(self, target: Target, fates: Sequence[ColumnFate], *, check: Check, progress: Progress) -> int:
        if not fates:
            return 0
        types = self.writable(target.dataset.path)
        parts = [self.replaced(target, fate, types[fate.name]) for fate in fates if fate.name in types]
        if not parts:
            return 0
        changes = ", ".join(f"{quote(name)} = {value}" for name, (value, _), _ in parts)
        left = " or ".join(text for _, _, (text, _) in parts)
        where, params = self.owned(target)
        head = f"update {self.name(target)} set {changes}", tuple(each for _, (_, more), _ in parts for each in more)
        unmasked = tuple(each for _, _, (_, more) in parts for each in more)
        return self.in_batches(target, head, (f"({where}) and ({left})", (*params, *unmasked)), check, progress)

    def clashing(self, path: Path, fates: Sequence[ColumnFate]) -> Sequence[str]:
        """A warehouse holds nobody to a unique column."""
        return ()

    def unmasked(self, target: Target, fates: Sequence[ColumnFate]) -> Mapping[str, int]:
        types = self.writable(target.dataset.path)
        parts = [self.replaced(target, fate, types[fate.name]) for fate in fates if fate.name in types]
        if not parts:
            return {}
        where, params = self.owned(target)
        counts = ", ".join(f"count(case when {text} then 1 end) as c{n}" for n, (_, _, (text, _)) in enumerate(parts))
        values = tuple(each for _, _, (_, more) in parts for each in more)
        found = next(self.rows(f"select {counts} from {self.name(target)} where {where}", (*values, *params)))
        return {name: int(n) for (name, _, _), n in zip(parts, found, strict=True)}

    def replaced(self, target: Target, fate: ColumnFate, kind: str) -> tuple[str, Part, Part]:
        """The column, what it becomes, and the condition that it has not become so yet."""
        column = quote(fate.name)
        if fate.replacement is None:
            return fate.name, ("null", ()), (f"{column} is not null", ())
        value = self.assigned(kind)
        return fate.name, (value, (fate.replacement,)), self.differs(column, kind, fate.replacement)

    def differs(self, column: str, kind: str, replacement: str) -> Part:
        return f"{column} is distinct from {self.assigned(kind)}", (replacement,)

    def types(self, path: Path) -> dict[str, str]:
        for info in self.live():
            if info.path == path:
                return {column.name: column.type for column in info.columns}
        return {}

    def writable(self, path: Path) -> dict[str, str]:
        """Without what the store computes of other columns: it changes with them, and the search afterwards sees it."""
        return self.types(path)

    def in_batches(self, target: Target, head: Part, where: Part, check: Check, progress: Progress) -> int:
        (verb, values), (text, params) = head, where
        total = 0
        while True:
            check()
            limited = self.limited(target, text)
            done = self.store.execute(Sql(f"{verb} where {limited}", (*values, *params)), timeout_s=TIMEOUT_S)[0]
            total += max(done, 0)
            progress(total)
            if limited == text or done < self.batch_rows:
                return total

    def limited(self, target: Target, where: str) -> str:
        return where

    def owned(self, target: Target) -> Part:
        """Rows of the person: the first rank in which a row names anybody decides."""
        clauses: list[str] = []
        params: list[Any] = []
        before: list[str] = []
        for owners in target.ranks:
            parts = [self.among(owner, target.values(owner)) for owner in owners if target.values(owner)]
            if parts:
                clauses.append(" and ".join([*before, f"({' or '.join(text for text, _ in parts)})"]))
                params += [value for _, more in parts for value in more]
            before += [blank(owner) for owner in owners]
        return (f"({' or '.join(f'({clause})' for clause in clauses)})", tuple(params)) if clauses else NEVER

    def cut(self, target: Target, document: Document, matcher: Matcher, *, names: Names, spared: frozenset[str]) -> int:
        """By the texts that stand there and not by a key: RAW has none, and a copy of it may go with it."""
        parts = [
            (name, *self.rewritten(name, kind, before, after))
            for name, kind in self.writable(target.dataset.path).items()
            if (before := document.get(name)) != (after := self.without(kind, before, matcher)) and name not in spared
        ]
        if not parts:
            return 0
        found = [where for _, _, where in parts] + [self.same(owner, document) for owner in target.owners]
        changes = ", ".join(f"{quote(name)} = {value}" for name, (value, _), _ in parts)
        values = [each for _, (_, more), _ in parts for each in more]
        text = f"update {self.name(target)} set {changes} where {' and '.join(where for where, _ in found)}"
        params = (*values, *(each for _, more in found for each in more))
        return self.store.execute(Sql(text, params), timeout_s=TIMEOUT_S)[0]

    def without(self, kind: str, value: Any, matcher: Matcher) -> Any:
        return matcher.cut_all(value)

    def same(self, owner: Owner, document: Document) -> Part:
        """The row names here whom the document names."""
        name, value = quote(owner.column), document.get(owner.column)
        return (f"{name} is null", ()) if value is None else (f"cast({name} as varchar) = %s", (str(value),))

    @abstractmethod
    def rewritten(self, column: str, kind: str, before: Any, after: Any) -> tuple[Part, Part]:
        """The new value, and the condition that finds the old one."""

    def name(self, target: Target) -> str:
        return quoted(target.dataset.path)
