"""Gives every event its leaf. One at a time; writers never wait for it.

Events commit in any order, so the sequencer takes what is committed and not yet in the tree. An event that commits
late gets a later leaf; none is passed over, because what is looked for is the missing leaf and not a higher number.
"""

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from portal.audit import heads
from portal.audit.models import Event, Leaf, Node, TreeHead
from portal.audit.tree import Growth, leaf_hash

LOCK = 0x504F5254  # an advisory lock's number: one sequencer at a time
BATCH = 5_000


def stored_node(level: int, index: int) -> bytes:
    return bytes(Node.objects.values_list("hash", flat=True).get(level=level, index=index))


def pending() -> int:
    """How many committed events have no leaf yet."""
    return Event.objects.filter(leaf=None).count()


def sequence() -> int:
    """Puts what is committed into the tree, signs its head, and writes the head to the file. Returns new leaves."""
    added = 0
    while True:
        count = _sequence_batch()
        added += count
        if count < BATCH:
            break
    write_heads()
    return added


def _sequence_batch() -> int:
    with transaction.atomic():
        if not _locked():
            return 0
        events = list(Event.objects.filter(leaf=None).order_by("at", "id").values_list("id", "payload")[:BATCH])
        if not events:
            return 0
        latest = TreeHead.objects.first()
        growth = Growth(latest.size if latest else 0, stored_node)
        leaves = [Leaf(index=growth.size + offset, event_id=event) for offset, (event, _) in enumerate(events)]
        nodes = [
            Node(level=level, index=index, hash=value)
            for _, payload in events
            for level, index, value in growth.append(leaf_hash(payload.encode()))
        ]
        Leaf.objects.bulk_create(leaves, batch_size=1000)
        Node.objects.bulk_create(nodes, batch_size=1000)
        head = heads.sign(size=growth.size, root=growth.root().hex(), at=timezone.now())
        TreeHead.objects.create(size=head.size, root=head.root, at=head.at, signature=head.signature)
        return len(events)


def _locked() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        return bool(cursor.fetchone()[0])


def as_head(row: TreeHead) -> heads.Head:
    return heads.Head(row.size, row.root, row.at.isoformat(), row.signature)


def write_heads() -> None:
    """Brings the file up to the database. After the commit: a head in the file that the database lacks is an alarm."""
    with transaction.atomic():
        if not _locked():
            return
        written = max((head.size for head in heads.read_file(settings.AUDIT_HEADS_FILE)), default=0)
        rows = TreeHead.objects.filter(size__gt=written).order_by("size")
        heads.append_to_file(settings.AUDIT_HEADS_FILE, [as_head(row) for row in rows])
