"""Reads the whole trail again and says what does not fit: changed, removed, reordered, cut off."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings

from portal.audit import heads
from portal.audit.models import Event, Leaf, TreeHead
from portal.audit.sequencer import as_head, pending, stored_node
from portal.audit.tree import Growth, inclusion_path, leaf_hash, root_from_path


@dataclass(frozen=True)
class Report:
    events: int
    heads: int
    pending: int
    problems: tuple[str, ...]

    @property
    def ok(self) -> bool:
        return not self.problems


@dataclass(frozen=True)
class Proof:
    """All that somebody without the database needs to check one event: `path` is hex, nearest sibling first."""

    index: int
    leaf: str
    path: tuple[str, ...]
    head: heads.Head

    def holds(self) -> bool:
        path = [bytes.fromhex(item) for item in self.path]
        reached = root_from_path(bytes.fromhex(self.leaf), self.index, self.head.size, path)
        return reached.hex() == self.head.root and self.head.is_signed_by(heads.signing_key())


def verify(*, heads_file: Path | None = None) -> Report:
    """Recomputes every leaf and root. `heads_file` is the copy outside the database."""
    file = heads_file or settings.AUDIT_HEADS_FILE
    known = {row.size: as_head(row) for row in TreeHead.objects.all()}
    problems = [*_file_problems(file, known), *_signature_problems(known)]
    expected = {size: head.root for size, head in known.items()}
    growth = Growth(0, stored_node)
    problems.extend(_tree_problems(growth, expected))
    largest = max(expected, default=0)
    if growth.size != largest:
        problems.append(
            f"The signed head says {largest} events; the tree has {growth.size}: the end was cut or added to."
        )
    return Report(events=growth.size, heads=len(known), pending=pending(), problems=tuple(problems))


def _file_problems(file: Path, known: dict[int, heads.Head]) -> Iterator[str]:
    key, told = heads.signing_key(), 0
    try:
        for head in heads.read_file(file):
            told = max(told, head.size)
            if not head.is_signed_by(key):
                yield f"{file.name}: the head of size {head.size} has a wrong signature."
            elif head.size not in known:
                yield f"{file.name} tells of {head.size} events; the database has no such head: events were cut off."
            elif known[head.size].root != head.root:
                yield f"{file.name}: the head of size {head.size} differs from the database: history was rewritten."
    except ValueError as error:
        yield str(error)
    missing = sum(size > told for size in known)
    if known and missing == len(known):
        yield f"{file.name} is missing or empty: the copy outside the database cannot be compared."


def _signature_problems(known: dict[int, heads.Head]) -> Iterator[str]:
    key = heads.signing_key()
    for head in known.values():
        if not head.is_signed_by(key):
            yield f"The head of size {head.size} in the database has a wrong signature."


def _tree_problems(growth: Growth, expected: dict[int, str]) -> Iterator[str]:
    sound = True
    for index, event in _leaves():
        if index != growth.size:
            yield f"Leaf {growth.size} is missing: an event was removed or reordered."
            return
        if event is None:
            yield f"The event of leaf {index} is gone: it was removed."
            return
        difference = _column_difference(event)
        if difference:
            yield f"Event {event.id} (leaf {index}): its {difference} was changed beside the sealed text."
        for _ in growth.append(leaf_hash(event.payload.encode())):
            pass
        wanted = expected.get(growth.size)
        if sound and wanted and growth.root().hex() != wanted:
            sound = False
            yield f"The first {growth.size} events do not have the root that was signed: one was changed or reordered."


def _leaves() -> Iterator[tuple[int, Event | None]]:
    """Leaves in order with their events, in batches: a join would hide the leaf whose event was removed."""
    after = -1
    while batch := list(Leaf.objects.filter(index__gt=after).order_by("index").values_list("index", "event_id")[:2000]):
        events = Event.objects.in_bulk([event for _, event in batch])
        for index, event in batch:
            yield index, events.get(event)
        after = batch[-1][0]


def _column_difference(event: Event) -> str:
    """The columns only serve search; whoever changes one must not be believed over the sealed text."""
    sealed = json.loads(event.payload)
    columns = {
        "id": (str(event.id), sealed["id"]),
        "time": (event.at, datetime.fromisoformat(sealed["at"])),
        "action": (event.action, sealed["action"]),
        "actor": ([event.actor_kind, event.actor_id, event.actor_name], sealed["actor"]),
        "target": (
            [event.target_kind, event.target_id, event.target_name],
            [*sealed["target"][:2], sealed["target"][2][:300]],
        ),
    }
    return next((name for name, (shown, told) in columns.items() if shown != told), "")


def prove(event_id: str) -> Proof:
    """The proof that one event is in the tree of the newest head. Raises Leaf.DoesNotExist if it is not sequenced."""
    leaf = Leaf.objects.select_related("event").get(event_id=event_id)
    head = TreeHead.objects.filter(size__gt=leaf.index).order_by("-size")[0]
    path = inclusion_path(leaf.index, head.size, stored_node)
    return Proof(
        index=leaf.index,
        leaf=leaf_hash(leaf.event.payload.encode()).hex(),
        path=tuple(item.hex() for item in path),
        head=as_head(head),
    )
