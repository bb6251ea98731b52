"""Documents. MongoDB finds by path, changes by path, and has no word for "anywhere in the document": a search for a
value reads every document, and so finds it under a path that no sample has shown."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from apps.compliance.subjects.entries import Change, emptied, expression, without
from apps.compliance.subjects.fates import above_of
from apps.compliance.subjects.match import Matcher, at
from apps.compliance.subjects.patterns import BLANKS
from apps.compliance.subjects.reach import Document, Target, shown
from apps.compliance.subjects.rules import EMAIL
from apps.compliance.subjects.types import Check, ColumnFate, Owner, Path, Progress
from portal.stores.names import ENTRY, Names, is_entry
from portal.stores.types import Command, DatasetInfo, Documents, Store, StoreError

if TYPE_CHECKING:
    import pyarrow as pa

TIMEOUT_S = 3600.0
BATCH = 2_000  # documents of one transaction: the server keeps all of it in its cache until it commits
Match = dict[str, Any]
POINTERS = ["number", "objectId", "binData", "bool", "date", "object"]  # what names somebody and is no text
NEVER: Match = {"$nor": [{}]}


class Papers:
    def __init__(self, store: Store) -> None:
        self.store = store
        self._live: list[DatasetInfo] | None = None

    def live(self) -> Sequence[DatasetInfo]:
        if self._live is None:
            self._live = shown(self.store)
        return self._live

    def rows(self, collection: str, *stages: Match) -> Iterator[dict[str, Any]]:
        with self.store.read(Documents(collection, stages), batch_rows=BATCH, timeout_s=TIMEOUT_S) as found:
            for batch in found:
                yield from batch.to_pylist()

    def count(self, target: Target) -> int:
        return self.counted(target, self.owned(target))

    def counted(self, target: Target, match: Match) -> int:
        return sum(row["n"] for row in self.rows(self.name(target), {"$match": match}, {"$count": "n"}))

    def keys(self, target: Target, column: str) -> frozenset[str]:
        if "[]" in column:
            found = (value for document in self.mine(target) for value in at(document, column))
            return frozenset(str(value) for value in found if value is not None)
        stages = ({"$match": self.owned(target)}, {"$project": {"_id": 0, "k": f"${column}"}})
        return frozenset(str(row["k"]) for row in self.rows(self.name(target), *stages) if row.get("k") is not None)

    def newest(self, target: Target, column: str) -> datetime | None:
        stages = ({"$match": self.owned(target)}, {"$group": {"_id": None, "at": {"$max": f"${column}"}}})
        return next((row.get("at") for row in self.rows(self.name(target), *stages)), None)

    def by_email(self, path: Path, column: str, email: str) -> Iterator[Document]:
        return self.documents(path[-1], {column: address(email)})

    def mine(self, target: Target) -> Iterator[Document]:
        return self.documents(self.name(target), self.owned(target))

    def pointed_at(self, target: Target, pointer: Owner) -> int:
        among = self.among(pointer, target.values(pointer))
        return self.counted(target, {"$and": [among, {"$nor": [self.owned(target)]}]})

    def of_others(self, target: Target, pointer: Owner) -> frozenset[str]:
        named = {"$or": [{"$nor": [blank(owner)]} for owner in target.owners]}
        match = {"$and": [self.among(pointer, target.values(pointer)), named, {"$nor": [self.owned(target)]}]}
        found = (
            value for document in self.documents(self.name(target), match) for value in at(document, pointer.column)
        )
        return frozenset(str(value) for value in found) & target.values(pointer)

    def documents(self, collection: str, match: Match) -> Iterator[Document]:
        for text in self.texts(collection, match):
            yield json.loads(text)

    def texts(self, collection: str, match: Match) -> Iterator[str]:
        stages = ({"$match": match}, {"$project": {"_id": 0, "document": "$$ROOT"}})
        for row in self.rows(collection, *stages):
            yield row["document"]

    def scan(self, path: Path, matcher: Matcher, *, check: Check) -> Iterator[Document]:
        for number, text in enumerate(self.texts(path[-1], {})):
            if number % BATCH == 0:
                check()
            if matcher.may_match(text):
                yield json.loads(text)

    def erase(self, target: Target, *, check: Check, progress: Progress) -> int:
        def command(ids: list[Any]) -> Command:
            deletes = [{"q": by_ids(ids), "limit": 0}]
            return Command({"delete": self.name(target), "deletes": deletes})

        return self.in_batches(target, self.owned(target), command, check, progress)

    def mask(self, target: Target, fates: Sequence[ColumnFate], *, check: Check, progress: Progress) -> int:
        """All paths of a document at once: the path that says whose it is may be one of them."""
        paths, maps = outermost(fates), self.maps(target, fates)
        if not paths and not maps:
            return 0

        def command(ids: list[Any]) -> Command:
            emptying = [{"q": by_ids(ids), "u": becomes(change), "multi": True} for change in maps.values()]
            updates = [*emptying, *(each for fate in paths for each in masked(fate, ids))]
            return Command({"update": self.name(target), "updates": updates})

        unlike = [*(there(fate) for fate in paths), *map(differs, maps.values())]
        match: Match = {"$and": [self.owned(target), {"$or": unlike}]}
        return self.in_batches(target, match, command, check, progress)

    def clashing(self, path: Path, fates: Sequence[ColumnFate]) -> Sequence[str]:
        """A missing path is null to an index, and two nulls are the same. Of an index over several paths each is told:
        what the others hold, nobody knows here."""
        unique = [text for info in self.live() if info.path == path for text in info.indexes if " unique" in text]
        word = {fate.name: re.compile(rf"(?<![\w.]){re.escape(fate.name.replace('[]', ''))}:") for fate in fates}
        return [name for name, found in word.items() if any(found.search(text) for text in unique)]

    def unmasked(self, target: Target, fates: Sequence[ColumnFate]) -> Mapping[str, int]:
        mine = self.owned(target)
        unlike = {fate.name: there(fate) for fate in outermost(fates)}
        unlike |= {name: differs(change) for name, change in self.maps(target, fates).items()}
        return {name: self.counted(target, {"$and": [mine, each]}) for name, each in unlike.items()}

    def in_batches(self, target: Target, match: Match, command: Any, check: Check, progress: Progress) -> int:
        """By ids read before each batch: what a killed predecessor has done is not met again."""
        total, before = 0, None
        while True:
            check()
            stages = ({"$match": match}, {"$limit": BATCH}, {"$project": {"_id": 1}})
            ids = self.ids(self.name(target), *stages)
            if not ids:
                return total
            if ids == before:
                raise unchanged(self.store.name)
            before = ids
            self.store.execute(command(ids), timeout_s=TIMEOUT_S)
            total += len(ids)
            progress(total)
            if len(ids) < BATCH:
                return total

    def ids(self, collection: str, *stages: Match) -> list[Any]:
        with self.store.read(Documents(collection, stages), batch_rows=BATCH, timeout_s=TIMEOUT_S) as found:
            return [identity for batch in found for identity in told(batch)]

    def owned(self, target: Target) -> Match:
        clauses: list[Match] = []
        before: list[Match] = []
        for owners in target.ranks:
            parts = [self.among(owner, target.values(owner)) for owner in owners if target.values(owner)]
            if parts:
                clauses.append({"$and": [*before, {"$or": parts}]})
            before += [blank(owner) for owner in owners]
        return {"$or": clauses} if clauses else NEVER

    def among(self, owner: Owner, values: frozenset[str]) -> Match:
        path = owner.column.replace("[]", "")
        if owner.domain == EMAIL:
            return {path: {"$in": [address(value) for value in sorted(values)]}}
        if "objectId" in owner.type or "uuid" in owner.type:
            return {"$expr": {"$in": [{"$toString": f"${path}"}, sorted(values)]}}
        numbers = [int(value) for value in sorted(values) if re.fullmatch(r"-?\d{1,18}", value)]
        return {path: {"$in": [*sorted(values), *numbers]}}

    def cut(self, target: Target, document: Document, matcher: Matcher, *, names: Names, spared: frozenset[str]) -> int:
        change = without(document, names, matcher, spared=spared)
        if not change:
            return 0
        update = {"q": by_ids([document["_id"]]), "u": becomes(change), "multi": False}
        self.store.execute(Command({"update": self.name(target), "updates": [update]}), timeout_s=TIMEOUT_S)
        return 1

    def maps(self, target: Target, fates: Sequence[ColumnFate]) -> dict[str, Change]:
        """What becomes of each map that must be emptied: only what its validator names stays in it."""
        known = next((info.columns for info in self.live() if info.path == target.dataset.path), ())
        names = [column.name for column in known]
        return {fate.name: emptied(fate.name, beside(fate.name, names)) for fate in fates if is_entry(fate.name)}

    def name(self, target: Target) -> str:
        return target.dataset.path[-1]


def unchanged(store: str) -> StoreError:
    """Better a step that fails than one that asks for ever."""
    said = "Documents do not take the change that was made to them."
    return StoreError(said, store=store, public=said, retryable=False, code="constraint")


def by_ids(ids: Sequence[Any]) -> Match:
    """Ids that have no twin among texts and numbers (ObjectId) arrive as text, and are compared as text."""
    if all(isinstance(value, str | int | float) for value in ids):
        return {"_id": {"$in": list(ids)}}
    texts = [next(iter(value.values())) if isinstance(value, dict) else str(value) for value in ids]
    return {"$expr": {"$in": [{"$toString": "$_id"}, texts]}}


def told(batch: "pa.RecordBatch") -> list[Any]:
    kind = (batch.schema.field("_id").metadata or {}).get(b"store_type", b"").decode()
    found: list[Any] = batch.column("_id").to_pylist()
    return [{"$oid": value} for value in found] if kind not in ("string", "int", "long", "double") else found


def address(email: str) -> re.Pattern[str]:
    return re.compile(rf"^[{BLANKS}]*{re.escape(email)}[{BLANKS}]*$", re.IGNORECASE)


def blank(owner: Owner) -> Match:
    """The document names nobody here: a pointer of blanks is none, nor is one in each element of an array."""
    path = owner.column.replace("[]", "")
    return {"$nor": [{path: re.compile(f"[^{BLANKS}]")}, {path: {"$type": POINTERS}}]}


def outermost(fates: Sequence[ColumnFate]) -> list[ColumnFate]:
    """Without paths that go with what contains them, and without maps."""
    names = {fate.name for fate in fates}
    return [
        fate for fate in fates if not is_entry(fate.name) and not any(above in names for above in above_of(fate.name))
    ]


def there(fate: ColumnFate) -> Match:
    """Documents in which the path is not as it must become. An emptied array holds nothing, and so is as it must be."""
    path = fate.name.replace("[]", "")
    if fate.replacement is not None:
        return {path: {"$exists": True, "$ne": fate.replacement}}
    if fate.name.endswith("[]"):
        return {f"{path}.0": {"$exists": True}}
    return {path: {"$exists": True}} if "[]" in fate.name else {path: {"$ne": None}}


def masked(fate: ColumnFate, ids: list[Any]) -> list[Match]:
    """`a[].b` goes out of every element that has it; `a[]` leaves an empty array. Where no array is (documents
    promise nothing), the same path is an ordinary one."""
    query: Match = {"$and": [by_ids(ids), there(fate)]}
    whole = fate.name.removesuffix("[]")
    change: Match = {"$unset": ""} if fate.replacement is None else {"$set": fate.replacement}
    if whole != fate.name:
        change = {"$set": []}
    verb, value = next(iter(change.items()))
    if "[]" not in whole:
        return [{"q": query, "u": {verb: {whole: value}}, "multi": True}]
    path, filters = every(whole)
    array = whole.split("[]")[0]
    listed = {"$and": [query, {array: {"$type": "array"}}]}
    plain = {"$and": [query, {array: {"$not": {"$type": "array"}}}]}
    return [
        {"q": listed, "u": {verb: {path: value}}, "multi": True, **filters},
        {"q": plain, "u": {verb: {whole.replace("[]", ""): value}}, "multi": True},
    ]


def every(path: str) -> tuple[str, dict[str, Any]]:
    """`events[].ip` as `events.$[e0].ip` with a filter that lets elements through which have it."""
    parts = path.split("[]")
    if len(parts) == 1:
        return path, {}
    out, filters = parts[0], []
    for number, part in enumerate(parts[1:]):
        inner = part.removeprefix(".")
        out += f".$[e{number}]" + (f".{inner}" if inner else "")
        filters.append({f"e{number}.{inner}" if inner else f"e{number}": {"$exists": True}})
    return out, {"arrayFilters": filters}


def becomes(change: Change) -> list[Match]:
    return [{"$replaceWith": expression(change)}]


def differs(change: Change) -> Match:
    """Documents that the change would change."""
    return {"$expr": {"$ne": ["$$ROOT", expression(change)]}}


def beside(entry: str, names: Sequence[str]) -> frozenset[str]:
    """Keys of a map that have a name of their own."""
    container = entry.removesuffix(ENTRY)
    keys = {name.removeprefix(container).split(".")[0].split("[")[0] for name in names if name.startswith(container)}
    return frozenset(keys - {ENTRY, ""}) | ({"_id"} if not container else frozenset())
