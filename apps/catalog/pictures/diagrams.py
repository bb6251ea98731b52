"""The living documents, drawn from what the catalog holds of datasets that the person may know of."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from urllib.parse import urlencode

from django.urls import reverse

from apps.catalog.models import Column, Dataset, LineageEdge, Source
from apps.catalog.pictures.drawing import Arrow, Box, Diagram
from apps.catalog.selectors import datasets_for
from apps.catalog.types import EdgeKind, SourceKind
from portal.accounts.selectors import Someone

LINES = 14  # of a table's columns; of the rest their number is told
MOST = 400  # boxes of one picture
FACTS, DIMENSIONS = ("fct_", "fact_"), ("dim_",)


def _datasets(person: Someone, source: Source) -> list[Dataset]:
    return list(datasets_for(person).filter(source=source).order_by("namespace", "name")[:MOST])


def _columns(datasets: Iterable[Dataset]) -> dict[int, list[Column]]:
    found: dict[int, list[Column]] = defaultdict(list)
    rows = Column.objects.filter(dataset__in=[d.pk for d in datasets], retired_at=None)
    for column in rows.exclude(name__contains=":").order_by("position", "pk"):
        found[column.dataset_id].append(column)
    return found


def _box(dataset: Dataset, lines: list[tuple[str, int]], note: str = "") -> Box:
    rest = len(lines) - LINES
    shown = (*lines[:LINES], *([(f"and {rest} more", 0)] if rest > 0 else []))
    address = reverse("catalog:dataset", args=[dataset.pk])
    return Box(str(dataset.pk), dataset.name, shown, note or dataset.kind_words, address, dataset.namespace)


def relational(person: Someone, source: Source) -> Diagram:
    """Tables with their keys; an arrow from each foreign key to the table that it refers to."""
    datasets = [d for d in _datasets(person, source) if d.kind in ("table", "view", "materialized_view")]
    columns = _columns(datasets)
    by_name = {".".join(d.path[-2:]): d for d in datasets}
    boxes, arrows = [], []
    for dataset in datasets:
        mine = sorted(columns[dataset.pk], key=lambda c: (not c.primary_key, not c.references, c.position))
        boxes.append(_box(dataset, [(_marked(c), 0) for c in mine]))
        for column in mine:
            to = by_name.get(column.references.rpartition(".")[0])
            if to is not None:
                label = f"{dataset.name}.{column.name} refers to {column.references}"
                arrows.append(Arrow(str(to.pk), str(dataset.pk), label))
    return Diagram(f"Tables of {source.name} and their keys", tuple(boxes), tuple(arrows))


def _marked(column: Column) -> str:
    mark = "PK " if column.primary_key else "FK " if column.references else ""
    return f"{mark}{column.name}: {column.type.lower()}"


def star(person: Someone, source: Source) -> Diagram:
    """Facts between their dimensions: a fact has a dimension where it holds the dimension's key by the same name."""
    datasets = _datasets(person, source)
    facts = [d for d in datasets if d.name.lower().startswith(FACTS)]
    dimensions = [d for d in datasets if d.name.lower().startswith(DIMENSIONS)]
    columns = _columns([*facts, *dimensions])
    keys = {d.pk: _key_of(d, columns[d.pk]) for d in dimensions}
    boxes = [_box(d, [(_marked(c), 0) for c in columns[d.pk]], "dimension") for d in dimensions]
    boxes += [_box(d, [(_marked(c), 0) for c in columns[d.pk]], "fact") for d in facts]
    arrows = [
        Arrow(str(dimension.pk), str(fact.pk), f"{fact.name}.{column.name} is the key of {dimension.name}")
        for fact in facts
        for dimension in dimensions
        for column in columns[fact.pk]
        if keys[dimension.pk] and column.name.lower() == keys[dimension.pk]
    ]
    layers = {str(d.pk): 0 for d in dimensions} | {str(d.pk): 1 for d in facts}
    return Diagram(f"Star schema of {source.name}", tuple(boxes), tuple(arrows), layers)


def _key_of(dataset: Dataset, columns: list[Column]) -> str:
    """The primary key; without one, the column called after the dataset (`DIM_CUSTOMERS` -> `customer_id`), else the
    first."""
    primary = [column.name.lower() for column in columns if column.primary_key]
    if len(primary) == 1:
        return primary[0]
    stem = dataset.name.lower().removeprefix("dim_").removesuffix("s")
    named = [c.name.lower() for c in columns if c.name.lower() in (f"{stem}_id", f"{stem}_key", stem)]
    return next(iter([*named, *(column.name.lower() for column in columns)]), "")


def documents(person: Someone, source: Source) -> Diagram:
    """Collections with what is embedded in them, and references: `customer_id` leads to a dataset called customers."""
    datasets = _datasets(person, source)
    columns = _columns(datasets)
    others = {d.name.lower(): d for d in datasets_for(person).exclude(source__kind=SourceKind.MODELS).order_by("-pk")}
    boxes, arrows = [], []
    met: dict[int, Dataset] = {}
    for dataset in datasets:
        lines = [(_path_line(c), c.name.count(".") + c.name.count("[]")) for c in columns[dataset.pk]]
        boxes.append(_box(dataset, lines, "collection"))
        for column in columns[dataset.pk]:
            to = _referred(column, others)
            if to is not None and to.pk != dataset.pk:
                met[to.pk] = to
                label = f"{dataset.name}.{column.name} refers to {to.name}, by its name"
                arrows.append(Arrow(str(to.pk), str(dataset.pk), label, dotted=True))
    known = {box.key for box in boxes}
    boxes += [_box(d, [], f"{d.kind_words} of {d.source.name}") for d in met.values() if str(d.pk) not in known]
    return Diagram(f"Collections of {source.name}", tuple(boxes), tuple(arrows))


def _path_line(column: Column) -> str:
    return f"{column.name.rpartition('.')[2]}: {column.type.lower()}"


def _referred(column: Column, others: dict[str, Dataset]) -> Dataset | None:
    last = column.name.rpartition(".")[2].lower()
    if not last.endswith("_id") or last == "_id":
        return None
    stem = last.removesuffix("_id")
    return others.get(f"{stem}s") or others.get(stem)


def platform(person: Someone) -> Diagram:
    """Every store by its namespaces, and how many columns flow from one to another."""
    datasets = {d.pk: d for d in datasets_for(person).order_by("pk")}
    sizes = Counter(_place(d) for d in datasets.values())
    edges = LineageEdge.objects.filter(
        kind=EdgeKind.VALUE, upstream__dataset__in=datasets, downstream__dataset__in=datasets, upstream__retired_at=None
    )
    flows: Counter[tuple[str, str]] = Counter()
    for above, below in edges.values_list("upstream__dataset_id", "downstream__dataset_id"):
        flows[_place(datasets[above]), _place(datasets[below])] += 1
    boxes = [Box(key, key, (), f"{n} dataset{'' if n == 1 else 's'}", _within(key)) for key, n in sizes.items()]
    arrows = [Arrow(above, below, f"{n:,} columns from {above} to {below}") for (above, below), n in flows.items()]
    return Diagram("Map of the platform", tuple(boxes), tuple(arrow for arrow in arrows if arrow.start != arrow.end))


def _place(dataset: Dataset) -> str:
    return f"{dataset.source.name} / {dataset.namespace}" if dataset.namespace else dataset.source.name


def _within(place: str) -> str:
    source, _, namespace = place.partition(" / ")
    return f"{reverse('catalog:home')}?{urlencode({'source': source, 'namespace': namespace})}"
