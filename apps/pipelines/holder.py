"""Staged files: rows on their way into the warehouse, on this machine's disk until their load is receipted. And what
loads remember of the names of paths."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from apps.compliance.subjects.kept import Sought
from apps.compliance.subjects.match import Matcher, matcher_of
from apps.pipelines.models import Check, Cursor, LoadReceipt, PipelineRun, StagedFile
from portal.holders import Held, HolderBusy, Traces
from portal.runs.flows import ENDED

PLACE = "rows staged for the warehouse"
BOUNDS = "bounds of load windows"
WHY_BOUNDS = "a key alone, by which a load knows where it stopped: without it rows of others would be left out"
ROWS = 20_000
SEEN: tuple[tuple[str, type[Cursor] | type[LoadReceipt], str], ...] = (
    ("paths that cursors remember", Cursor, "cursors"),
    ("paths that receipts remember", LoadReceipt, "receipts"),
)
NOTES = "what runs said of columns"


class StagedRows:
    title = "Staged files"

    def find(self, traces: Traces) -> Sequence[Held]:
        return [Held(PLACE, sum(self._counted(traces).values()), "rows"), _bounds(traces)]

    def collect(self, traces: Traces) -> Iterator[tuple[str, Mapping[str, object]]]:
        """The same rows stand in their source, which answers for itself."""
        return iter(())

    def erase(self, traces: Traces, *, check: Callable[[], None]) -> Sequence[Held]:
        """A file of a run that ended without its receipt goes as a whole: the cursor has not moved, so the next run
        takes the same window again, and the ledger stands in its way."""
        gone = 0
        for file, rows in self._counted(traces, check=check).items():
            if rows:
                file.unlink(missing_ok=True)
                path = str(file.relative_to(settings.STAGE_DIR))
                StagedFile.objects.filter(path=path, removed_at=None).update(removed_at=timezone.now())
                gone += rows
        return [Held(PLACE, gone, "rows"), _bounds(traces)]

    def at_rest(self) -> None:
        """What a run loads or builds may have been read before an erasure, with or without a file of it here now."""
        # A run that has ended holds its pipeline until the next one asks; only one that can still load is waited for.
        held = PipelineRun.objects.filter(released_at=None).exclude(run__state__in=ENDED)
        busy = held.values_list("run_id", flat=True).first()
        if busy is not None:
            raise HolderBusy(f"Run {busy} is on its way into the warehouse: what it brings is read when it has ended.")

    def _counted(self, traces: Traces, *, check: Callable[[], None] = lambda: None) -> dict[Path, int]:
        """Rows of the person by file. Raises HolderBusy while a run holds a pipeline."""
        self.at_rest()
        matcher, keys = matcher_of(traces.values), frozenset().union(*traces.keys.values())
        found = {}
        for file in _files():
            check()
            found[file] = _rows(file, matcher, keys)
        return found


def _bounds(traces: Traces) -> Held:
    """Told and left: a window is taken again by exactly these bounds, and without them rows of others were missed."""
    keys = sorted(frozenset().union(*traces.keys.values()))
    receipts = LoadReceipt.objects.filter(Q(lower_key__in=keys) | Q(upper_key__in=keys)).count()
    return Held(BOUNDS, receipts + Cursor.objects.filter(key__in=keys).count(), "windows", keep=WHY_BOUNDS)


def _files() -> Iterator[Path]:
    base = Path(settings.STAGE_DIR)
    if base.is_dir():
        yield from (file for file in sorted(base.rglob("*")) if file.is_file())


def _rows(file: Path, matcher: Matcher, keys: frozenset[str]) -> int:
    """A half-written file of a process that died cannot be read, and counts: nobody will load it."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        opened = pq.ParquetFile(file)
    except (pa.ArrowInvalid, OSError):
        return 1
    with opened:
        return sum(
            _is_theirs(row, matcher, keys)  # with the names of its columns
            for batch in opened.iter_batches(batch_size=ROWS)
            for row in batch.to_pylist()
        )


def _is_theirs(value: object, matcher: Matcher, keys: frozenset[str]) -> bool:
    """In whatever a cell holds: texts, numbers, arrays and documents with their keys, dates."""
    if isinstance(value, Mapping):
        return any(_is_theirs(each, matcher, keys) for pair in value.items() for each in pair)
    if isinstance(value, list | tuple | set):
        return any(_is_theirs(each, matcher, keys) for each in value)
    if value is None or isinstance(value, bool):
        return False
    text = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
    return text in keys or bool(matcher.found(text))


class NamesOfLoads:
    """What a run saw of a source's paths, and said of them. Those of today hold nobody's value; an older release kept
    a document's keys."""

    title = "Names of paths in loads"

    def find(self, traces: Traces) -> Sequence[Held]:
        sought = Sought(traces)
        return [
            *(Held(place, len(list(sought.rows(model.objects.all(), "columns"))), what) for place, model, what in SEEN),
            Held(NOTES, len(_notes(sought)), "notes"),
        ]

    def collect(self, traces: Traces) -> Iterator[tuple[str, Mapping[str, object]]]:
        return iter(())

    def erase(self, traces: Traces, *, check: Callable[[], None]) -> Sequence[Held]:
        sought, held = Sought(traces), []
        for place, model, what in SEEN:
            check()
            rows = list(sought.rows(model.objects.all(), "columns"))
            for row, columns in rows:
                left = [name for name in columns if not sought.found(name)]
                model.objects.filter(pk=row.pk).update(columns=left)
            held.append(Held(place, len(rows), what))
        notes = _notes(sought)
        Check.objects.filter(pk__in=notes).delete()
        return [*held, Held(NOTES, len(notes), "notes")]


def _notes(sought: Sought) -> set[int]:
    fields = ("name", "column", "detail", "figures")
    return {row.pk for field in fields for row, _ in sought.rows(Check.objects.all(), field)}
