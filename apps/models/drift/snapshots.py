"""Training rows as drift and reasons need them: the inputs, evenly chosen, without keys, times and labels."""

from typing import Any

from apps.models.models import Snapshot


class SnapshotGone(Exception):
    """The file of the training rows cannot be read; the message is for people."""


def rows_of(snapshot_id: int, features: list[str], *, most: int) -> list[dict[str, Any]]:
    """Every n-th row, so that `most` are not exceeded and all of the time is covered."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from apps.models.snapshots import path_of

    snapshot = Snapshot.objects.get(pk=snapshot_id)
    try:
        table = pq.read_table(path_of(snapshot.path), columns=features)
    except (OSError, pa.ArrowException):
        raise SnapshotGone(f"snapshot {snapshot} is not where it was") from None
    step = -(-table.num_rows // most) if table.num_rows else 1
    return list(table.take(list(range(0, table.num_rows, step))).to_pylist())
