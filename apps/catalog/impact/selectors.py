"""The list behind a column: everything it reaches or is made from, with what one needs to act on it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from apps.catalog.impact.walk import Direction, row_steps, walk
from apps.catalog.models import Column, Dataset
from apps.catalog.selectors import datasets_for
from portal.accounts.selectors import Someone

FILTERS = ("store", "owner", "category", "kind")
FACET_SIZE = 20
FIELDS = (
    "pk",
    "name",
    "category",
    "certainty",
    "dataset_id",
    "dataset__name",
    "dataset__path",
    "dataset__kind",
    "dataset__owner",
    "dataset__source__name",
)


@dataclass(frozen=True)
class Line:
    """One column, or, of a row edge downstream, a dataset. `edge` is "value", or "row" with how it decides."""

    store: str
    dataset: int
    title: str
    kind: str
    owner: str
    column: str
    category: str
    certainty: str
    hops: int
    edge: str = "value"
    how: str = ""


@dataclass(frozen=True)
class Impact:
    lines: tuple[Line, ...]
    counts: dict[str, tuple[tuple[str, int], ...]]  # columns by value of each filter, of everything reached
    datasets: int
    reached: int
    more: bool


def column_for(person: Someone, pk: int) -> Column | None:
    """None for what is not there, what is retired and what this person may not know of."""
    found = Column.objects.filter(pk=pk, retired_at=None).select_related("dataset__source").first()
    if found is None or not datasets_for(person).filter(pk=found.dataset_id).exists():
        return None
    return found


def impact(
    person: Someone,
    column: Column,
    direction: Direction,
    *,
    hops: int,
    rows: bool = False,
    wanted: dict[str, str] | None = None,
) -> Impact:
    """Nearest first. `rows` adds what is tied by row edges, which end where they lead: no walk goes on behind them."""
    reached = walk(person, [column.pk], direction, hops)
    lines = list(_values(reached.hops))
    if rows:
        lines += _rows(person, column, direction, reached.hops, lines)
    lines.sort(key=lambda line: (line.hops, line.store, line.title, line.column))
    counts = {name: _counted(lines, name) for name in FILTERS}
    shown = [line for line in lines if _fits(line, wanted or {})]
    return Impact(tuple(shown), counts, len({line.dataset for line in shown}), len(lines), reached.more)


def _values(hops: dict[int, int]) -> Iterable[Line]:
    for row in Column.objects.filter(pk__in=list(hops)).values_list(*FIELDS):
        yield _line(row, hops[row[0]])


def _line(row: Sequence[object], hops: int, edge: str = "value", how: str = "") -> Line:
    _, name, category, certainty, dataset, _, path, kind, owner, source = row
    parts = [str(part) for part in path]  # type: ignore[attr-defined]
    return Line(
        str(source), int(str(dataset)), ".".join(parts[1:] or parts), str(kind), str(owner), str(name), str(category),
        str(certainty), hops, edge, how,
    )  # fmt: skip


def _rows(
    person: Someone, column: Column, direction: Direction, hops: dict[int, int], lines: Sequence[Line]
) -> list[Line]:
    if direction == "downstream":
        steps = row_steps(person, [column.pk, *hops], direction)
        found: dict[int, tuple[int, str]] = {}
        for at, dataset, how in steps:
            found[dataset] = min(found.get(dataset, (10**6, "")), (hops.get(at, 0) + 1, how))
        datasets = Dataset.objects.select_related("source").in_bulk(found)
        return [
            Line(d.source.name, pk, d.title, d.kind, d.owner, "", "", "", found[pk][0], "row", found[pk][1])
            for pk, d in datasets.items()
        ]
    near = {column.dataset_id: 0} | {line.dataset: line.hops for line in reversed(lines)}
    decides: dict[int, tuple[int, str]] = {}
    for dataset, pk, how in row_steps(person, near, direction):
        if pk not in hops and pk != column.pk:
            decides[pk] = min(decides.get(pk, (10**6, "")), (near[dataset] + 1, how))
    columns = Column.objects.filter(pk__in=list(decides)).values_list(*FIELDS)
    return [_line(row, decides[row[0]][0], "row", decides[row[0]][1]) for row in columns]


def _fits(line: Line, wanted: dict[str, str]) -> bool:
    for name, value in wanted.items():
        held = str(getattr(line, name))
        below = name == "category" and held.startswith(f"{value}.")
        if value and held != value and not below:
            return False
    return True


def _counted(lines: Sequence[Line], name: str) -> tuple[tuple[str, int], ...]:
    counter = Counter(str(getattr(line, name)) for line in lines)
    listed = sorted(((value, n) for value, n in counter.items() if value), key=lambda pair: (-pair[1], pair[0]))
    return tuple(listed[:FACET_SIZE])
