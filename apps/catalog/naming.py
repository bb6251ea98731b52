"""From the names that others use to the catalog's rows: exact first, then as forgiving as the store itself is."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from apps.catalog.models import Column, Dataset, Source
from apps.catalog.types import ColumnRef

Path = tuple[str, ...]
SEMI_STRUCTURED = ("VARIANT", "OBJECT", "ARRAY", "JSON", "JSONB")


def is_semi_structured(type_name: str) -> bool:
    return type_name.upper().startswith(SEMI_STRUCTURED)


def part_name(column: str, path: str) -> str:
    """The name of a path inside a semi-structured column: `DOC:devices[].ip`."""
    return f"{column}:{path}"


def containers(path: str) -> list[str]:
    """What contains a document's path, the nearest first: `a[].b.c` -> `a[].b`, `a[]`, `a`."""
    found = []
    while path:
        if path.endswith("[]"):
            path = path[:-2]
        else:
            cut = max(path.rfind("."), path.rfind("[]") + 1)
            path = path[:cut] if cut > 0 else ""
            path = path.removesuffix(".")
        if path:
            found.append(path)
    return found


def is_below(path: str, container: str) -> bool:
    return path == container or container in containers(path)


class Names:
    """The live datasets of some sources by name, and the columns of those that were asked for."""

    def __init__(self, sources: Iterable[str]) -> None:
        self.sources = {s.name: s for s in Source.objects.filter(name__in=set(sources))}
        rows = Dataset.objects.filter(source__in=self.sources.values(), retired_at=None)
        self._exact: dict[tuple[str, Path], int] = {}
        folded: dict[tuple[str, Path], list[int]] = defaultdict(list)
        for pk, source, path in rows.values_list("id", "source__name", "path"):
            self._exact[source, tuple(path)] = pk
            folded[source, tuple(part.lower() for part in path)].append(pk)
        self._folded = {key: pks[0] for key, pks in folded.items() if len(pks) == 1}
        self._columns: dict[int, dict[str, Column]] = {}

    def dataset(self, source: str, path: Sequence[str]) -> int | None:
        """The dataset's id; a path without database or schema is completed with the source's default."""
        for full in self._completions(source, tuple(path)):
            found = self._exact.get((source, full)) or self._folded.get((source, tuple(part.lower() for part in full)))
            if found:
                return found
        return None

    def ids(self, source: str) -> list[int]:
        return [pk for (name, _), pk in self._exact.items() if name == source]

    def _completions(self, source: str, path: Path) -> list[Path]:
        known = self.sources.get(source)
        default = tuple(known.default_path) if known else ()
        lengths = range(len(default) + 1)
        return [path, *(default[:n] + path for n in lengths if n and len(path) + n == len(default) + 1)]

    def load_columns(self, datasets: Iterable[int]) -> None:
        wanted = {pk for pk in datasets if pk not in self._columns}
        if not wanted:
            return
        for pk in wanted:
            self._columns[pk] = {}
        for column in Column.objects.filter(dataset__in=wanted, retired_at=None).order_by("position", "id"):
            self._columns[column.dataset_id][column.name] = column

    def columns(self, dataset: int) -> dict[str, Column]:
        self.load_columns([dataset])
        return self._columns[dataset]

    def column(self, dataset: int, name: str) -> Column | None:
        columns = self.columns(dataset)
        if name in columns:
            return columns[name]
        folded = [column for key, column in columns.items() if key.lower() == name.lower()]
        return folded[0] if len(folded) == 1 else None

    def add(self, column: Column) -> None:
        self._columns[column.dataset_id][column.name] = column

    def resolve(self, refs: Iterable[ColumnRef]) -> dict[ColumnRef, Column]:
        """Those of `refs` that exist; two queries however many there are."""
        datasets = {ref: self.dataset(ref.source, ref.path) for ref in set(refs)}
        self.load_columns(pk for pk in datasets.values() if pk)
        found = {ref: self.column(pk, ref.column) for ref, pk in datasets.items() if pk}
        return {ref: column for ref, column in found.items() if column}
