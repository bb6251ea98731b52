"""Search over names, descriptions, columns, categories and owners, of what the person may know of."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.urls import reverse

from apps.catalog.finding import engine
from apps.catalog.finding.words import is_typo_of, words_of
from apps.catalog.kept import Kept, of_ids
from apps.catalog.models import Column, Dataset, Source
from apps.catalog.types import SearchResult
from portal.accounts.access import known_ids
from portal.accounts.selectors import Someone

FACETS = ("source", "namespace", "kind", "owner", "tag", "category")
FACET_SIZE = 12
CUTS = {
    "source": "catalog_dataset.source_id = (SELECT s.id FROM catalog_source s WHERE s.name = %s)",
    "namespace": "catalog_dataset.namespace = %s",
    "kind": "catalog_dataset.kind = %s",
    "owner": "catalog_dataset.owner = %s",
    "tag": "catalog_dataset.tags @> ARRAY[%s]::varchar[]",
    "category": "EXISTS (SELECT FROM unnest(catalog_dataset.categories) c WHERE c = %s OR c LIKE %s)",
}


FIELDS = {"source": "source__name", "namespace": "namespace", "kind": "kind", "owner": "owner"}
ARRAYS = {"tag": "tags", "category": "categories"}
Counts = tuple[tuple[str, int], ...]
_kept: Kept[dict[str, Counts]] = Kept(256)
_words: Kept[frozenset[str]] = Kept(16)


@dataclass(frozen=True)
class Wanted:
    """What is searched: words, and facets that narrow it."""

    text: str = ""
    source: str = ""
    namespace: str = ""
    kind: str = ""
    owner: str = ""
    tag: str = ""
    category: str = ""

    @property
    def words(self) -> list[str]:
        return engine.typed_words(self.text)

    @property
    def impossible(self) -> bool:
        """U+0000, which no text in PostgreSQL holds: asked for it, the driver would fail instead of finding nothing."""
        return any("\0" in value for value in (self.text, *(getattr(self, name) for name in FACETS)))


@dataclass(frozen=True)
class Facet:
    name: str
    values: Counts


@dataclass(frozen=True)
class Results(Sequence[Dataset]):
    """Best first. `more`: there are more than are listed; `count` then is a least number."""

    rows: QuerySet[Dataset]
    ids: tuple[int, ...] | None  # None: everything by name, in `rows`
    more: bool = False

    def __len__(self) -> int:
        return self.rows.count() if self.ids is None else len(self.ids)

    def __getitem__(self, part: Any) -> Any:
        """A page, as a list."""
        if self.ids is None:
            return list(self.rows[part])
        wanted = self.ids[part]
        found = Dataset.objects.select_related("source").in_bulk(wanted)
        return [found[pk] for pk in wanted if pk in found]


def find(person: Someone, wanted: Wanted, most: int = engine.MOST) -> Results:
    """Without words, everything by name; with words, what `finding.engine` finds."""
    if wanted.impossible:
        return Results(Dataset.objects.none(), ())
    ids = known_ids(person, Dataset)
    if not wanted.text.strip():
        rows = Dataset.objects.filter(retired_at=None).select_related("source")
        rows = _narrowed(rows if ids is None else rows.filter(pk__in=ids), wanted)
        return Results(rows.order_by("source_id", "namespace", "name"), None)
    hits = engine.search(wanted.text, _scope(ids) & _cut(wanted), most, _vocabulary(ids))
    return Results(Dataset.objects.none(), hits.ids, hits.more)


FEW = 2_000


def _scope(ids: list[int] | None) -> engine.Cut:
    if ids is None:
        return engine.Cut()
    return engine.Cut("id = ANY(%s)", (ids,), nothing=not ids, few=len(ids) <= FEW)


def revisions() -> tuple[tuple[int, int], ...]:
    """What changes with anything in the catalog."""
    return tuple(Source.objects.order_by("pk").values_list("pk", "revision"))


def _vocabulary(ids: list[int] | None) -> frozenset[str] | None:
    if ids is None:
        return None
    return _words.get((revisions(), of_ids(ids)), lambda: engine.vocabulary_of(ids))


def _cut(wanted: Wanted) -> engine.Cut:
    cut = engine.Cut()
    for facet in FACETS:
        if value := getattr(wanted, facet):
            cut &= engine.Cut(CUTS[facet], (value, f"{_like(value)}.%") if facet == "category" else (value,))
    return cut


def _like(value: str) -> str:
    return value.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _narrowed(rows: QuerySet[Dataset], wanted: Wanted) -> QuerySet[Dataset]:
    for facet, field in FIELDS.items():
        if value := getattr(wanted, facet):
            rows = rows.filter(**{field: value})
    if wanted.tag:
        rows = rows.filter(tags__contains=[wanted.tag])
    if wanted.category:
        below = Q(category=wanted.category) | Q(category__startswith=f"{wanted.category}.")
        rows = rows.filter(pk__in=Column.objects.filter(below, retired_at=None).values("dataset"))
    return rows


def facets(person: Someone, wanted: Wanted, results: Results | None = None) -> list[Facet]:
    """For each facet how many of the results each value would leave; one's own facet does not narrow its values.

    `results` are those of `wanted`, where they are known already. Counting everything takes its time in a large
    catalog, so that an answer is kept until the catalog changes.
    """
    if wanted.impossible:
        return [Facet(name, ()) for name in FACETS]
    now = revisions()
    scope = of_ids(known_ids(person, Dataset))
    told: dict[str, Counts] = {}
    for name in FACETS:
        others = replace(wanted, **{name: ""})

        def count(others: Wanted = others) -> dict[str, Counts]:
            return counted(results if results is not None and others == wanted else find(person, others))

        told[name] = _kept.get((now, scope, others), count)[name]
    return [Facet(name, counts) for name, counts in told.items()]


def counted(results: Results) -> dict[str, Counts]:
    """One pass: datasets that are alike in everything that is counted come as one row with their number."""
    rows = results.rows if results.ids is None else Dataset.objects.filter(pk__in=results.ids)
    found: dict[str, Counter[str]] = {name: Counter() for name in FACETS}
    fields = (*FIELDS.items(), *ARRAYS.items())
    for *values, n in rows.order_by().values_list(*(field for _, field in fields)).annotate(n=Count("pk")):
        for (name, _), value in zip(fields, values, strict=True):
            for each in value if isinstance(value, list) else [value]:
                found[name][each] += n
    return {name: _top(each) for name, each in found.items()}


def _top(counter: Counter[str]) -> Counts:
    listed = sorted(((value, n) for value, n in counter.items() if value), key=lambda pair: (-pair[1], pair[0]))
    return tuple(listed[:FACET_SIZE])


def reasons(datasets: Sequence[Dataset], wanted: Wanted) -> dict[int, str]:
    """For each dataset of one page what matched, in words; one query."""
    words = wanted.words
    if not words or not datasets:
        return {}
    columns: dict[int, list[Column]] = {}
    rows = Column.objects.filter(dataset__in=[d.pk for d in datasets], retired_at=None)
    for column in rows.order_by("position", "id").only("id", "dataset_id", "name", "category", "description"):
        columns.setdefault(column.dataset_id, []).append(column)
    return {each.pk: _why(each, columns.get(each.pk, []), words) for each in datasets}


def _why(dataset: Dataset, columns: Sequence[Column], words: Sequence[str]) -> str:
    found = [_reason(dataset, columns, word) or _nearly(dataset, columns, word) for word in words]
    return ", ".join(dict.fromkeys(found))


def _nearly(dataset: Dataset, columns: Sequence[Column], word: str) -> str:
    texts = " ".join([*dataset.path, dataset.owner, dataset.description, *(column.name for column in columns)])
    near = next((known for known in words_of(texts) if is_typo_of(word, known)), "")
    return f"{near}, nearly what was typed" if near else f"without “{word}”"


def _reason(dataset: Dataset, columns: Sequence[Column], word: str) -> str:
    """The first of these that holds the word."""
    named = [column.name for column in columns if word in column.name.lower()]
    marked = sorted({column.category for column in columns if word in column.category})
    described = [column.name for column in columns if word in column.description.lower()]
    texts = f"{dataset.description} {dataset.comment}".lower()
    tried = (
        ("name", word in dataset.name.lower()),
        (_listed("column", named), named),
        ("path", word in dataset.title.lower()),
        (_listed("category", marked), marked),
        (f"owner {dataset.owner}", word in dataset.owner.lower()),
        ("tag", any(word in tag.lower() for tag in dataset.tags)),
        ("description", word in texts),
        (_listed("description of column", described), described),
    )
    return next((reason for reason, held in tried if held), "")


def _listed(noun: str, names: Sequence[str]) -> str:
    if not names:
        return ""
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return f"{noun} {names[0]}{more}"


def provider(user: Someone, text: str, limit: int) -> list[SearchResult]:
    """For search from anywhere (`settings.SEARCH_PROVIDERS`)."""
    wanted = Wanted(text=text)
    if not wanted.words:
        return []
    rows = find(user, wanted, limit)[:limit]
    why = reasons(rows, wanted)
    return [
        SearchResult(
            kind=dataset.kind,
            title=dataset.name,
            path=f"{dataset.source.name} / {dataset.namespace}",
            url=reverse("catalog:dataset", args=[dataset.pk]),
            why=why.get(dataset.pk, ""),
        )
        for dataset in rows
    ]
