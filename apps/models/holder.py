"""Answers for the copies that models keep of a person: rows of training snapshots, and of runs that were not tidied.
Files of models in MLflow hold no rows; that is looked up in each of them, every time, and not assumed."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction

from apps.compliance.subjects.match import Matcher, matcher_of
from apps.models import artifacts, services
from apps.models.definitions import training_of
from apps.models.models import ModelVersion, Snapshot
from apps.models.registry import RegistryDown
from apps.models.types import VersionState
from portal.audit.types import Actor
from portal.holders import Held, HolderSilent, Traces

SNAPSHOTS, UNFINISHED, FILES = "training snapshots", "rows of unfinished trainings", "files of models in MLflow"
HOLDER = Actor.system("models")
REWRITING = 7_210  # of advisory locks, those on a snapshot's file
Keys = dict[str, frozenset[str]]  # column -> keys


class Models:
    title = "Training snapshots and files of models"

    def find(self, traces: Traces) -> Sequence[Held]:
        from apps.models import snapshots

        rows = sum(snapshots.matching(path, keys).num_rows for _, path, keys in kept(traces) if any(keys.values()))
        left = sum(snapshots.matching(path, keys).num_rows for path, keys in unfinished(traces))
        return [
            Held(SNAPSHOTS, rows, "rows"),
            Held(UNFINISHED, left, "rows"),
            Held(FILES, len(naming(traces)), "files"),
        ]

    def collect(self, traces: Traces) -> Iterator[tuple[str, Mapping[str, object]]]:
        from apps.models import snapshots

        for snapshot, path, keys in kept(traces):
            for row in snapshots.matching(path, keys).to_pylist():
                yield SNAPSHOTS, {"snapshot": snapshot.label, **row}

    def erase(self, traces: Traces, *, check: Callable[[], None]) -> Sequence[Held]:
        """A model's file cannot be rewritten without changing the model: one that names somebody needs a person."""
        rows = 0
        for snapshot, path, keys in kept(traces):
            check()
            rows += take_out(snapshot, path, keys)
        left = sum(clear(path, keys) for path, keys in unfinished(traces))
        if found := naming(traces):
            raise HolderSilent(
                f"{len(found)} files of models in MLflow name this person. Delete those versions there, or train anew."
            )
        return [Held(SNAPSHOTS, rows, "rows"), Held(UNFINISHED, left, "rows"), Held(FILES, 0, "files")]


HOLDS = Models()


def kept(traces: Traces) -> list[tuple[Snapshot, Path, Keys]]:
    """Every snapshot with its file. Raises HolderSilent when one cannot be opened: it may hold the person."""
    found = []
    for snapshot in Snapshot.objects.select_related("model").order_by("pk"):
        path = Path(settings.SNAPSHOT_DIR) / snapshot.path
        if not os.access(path, os.R_OK):
            raise HolderSilent(f"The file of the snapshot {snapshot.label} cannot be read.")
        columns = {column["name"]: column["what"] for column in snapshot.columns if column["role"] == "key"}
        found.append((snapshot, path, keys_of(columns, traces)))
    return found


def keys_of(columns: Mapping[str, str], traces: Traces) -> Keys:
    """`columns` says what each names; a thing that the traces do not name has no keys."""
    return {column: traces.keys.get(what, frozenset()) for column, what in columns.items()}


def unfinished(traces: Traces) -> list[tuple[Path, Keys]]:
    """Current rows that a run of gates read and did not remove, because it ended badly."""
    place = Path(settings.HOME) / "training"
    columns = {name: what for each in settings.TRAININGS for name, what in training_of(each).keys.items()}
    return [(path, keys_of(columns, traces)) for path in sorted(place.glob("*/*.parquet"))]


@contextmanager
def alone(snapshot: Snapshot) -> Iterator[None]:
    """Two erasures that rewrite one file at once would each bring back what the other took out. The lock is the
    session's: it goes with a process that is killed."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s, %s)", [REWRITING, snapshot.pk])
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [REWRITING, snapshot.pk])


def take_out(snapshot: Snapshot, path: Path, keys: Keys) -> int:
    with alone(snapshot):
        return rewrite(snapshot, path, keys)


def rewrite(snapshot: Snapshot, path: Path, keys: Keys) -> int:
    """The row is written before the file moves: killed in between, the next call finds the rows and does it again,
    and until then the snapshot's gate fails."""
    from apps.models import snapshots

    gone = int(snapshots.matching(path, keys).num_rows)
    if not gone:
        return 0
    label = next(column["name"] for column in snapshot.columns if column["role"] == "label")
    beside = path.with_suffix(".erasing")
    try:
        snapshots.put(beside, snapshots.without(path, keys))
        left = vars(snapshots.described(beside, label=label))
        with transaction.atomic():
            row = Snapshot.objects.select_for_update().get(pk=snapshot.pk)
            if row.fingerprint != left["fingerprint"]:
                services.note_rewritten(actor=HOLDER, snapshot=row, erased=gone, fields=left)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    return gone


def clear(path: Path, keys: Keys) -> int:
    from apps.models import snapshots

    gone = int(snapshots.matching(path, keys).num_rows)
    if gone:
        snapshots.put(path, snapshots.without(path, keys))
    return gone


def tells(content: bytes, matcher: Matcher) -> bool:
    """A value as people write it, in whatever lies in the file."""
    text = content.decode(errors="replace")
    return matcher.may_match(text) and bool(matcher.found(text))


def naming(traces: Traces) -> list[str]:
    """Names of files in MLflow that hold a key or a value of the person. Raises HolderSilent."""
    keys = [key.encode() for each in traces.keys.values() for key in each if key]
    matcher = matcher_of(traces.values)
    if not keys and not matcher:
        return []
    registered = ModelVersion.objects.filter(state=VersionState.REGISTERED).order_by("pk")
    try:
        return [
            name
            for uri in registered.values_list("artifact_uri", flat=True)
            for name, content in artifacts.files_of(uri)
            if any(key in content for key in keys) or tells(content, matcher)
        ]
    except RegistryDown as error:
        raise HolderSilent(f"{error} Whether files of models name somebody cannot be looked up.") from error
