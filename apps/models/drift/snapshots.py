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


def newest(snapshot_id: int, features: list[str], *, count: int) -> list[tuple[str, dict[str, Any]]]:
    """The charge and the inputs of the last rows by time, oldest first. For the demo's traffic."""
    import pyarrow.parquet as pq

    from apps.models.snapshots import path_of

    snapshot = Snapshot.objects.get(pk=snapshot_id)
    roles = {column["role"]: column["name"] for column in reversed(snapshot.columns)}  # the first key names the row
    table = pq.read_table(path_of(snapshot.path), columns=[roles["key"], roles["time"], *features])
    rows = table.sort_by(roles["time"]).slice(max(table.num_rows - count, 0)).to_pylist()
    return [(str(row[roles["key"]]), {name: row[name] for name in features}) for row in rows]
