"""Search over names, descriptions, columns, categories and owners, of what the person may know of."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.contrib.postgres.search import TrigramWordSimilarity
from django.db.models import Case, Count, F, IntegerField, Q, QuerySet, When
from django.db.models.functions import Lower
from django.urls import reverse

from apps.catalog.models import Column, Dataset
from apps.catalog.selectors import datasets_for
from apps.catalog.types import SearchResult
from portal.accounts.selectors import Someone

LONGEST_WORDS = 8
ALIKE = 0.42  # word similarity from which a name counts as the same word mistyped ("chagres", "charges")
FACETS = ("source", "namespace", "kind", "owner", "category")
FACET_SIZE = 12
FACET_FIELDS = {
    "source": "source__name",
    "namespace": "namespace",
    "kind": "kind",
    "owner": "owner",
    "category": "category",
}


@dataclass(frozen=True)
class Wanted:
    """What is searched: words, and facets that narrow it."""

    text: str = ""
    source: str = ""
    namespace: str = ""
    kind: str = ""
    owner: str = ""
    category: str = ""

    @property
    def words(self) -> list[str]:
        return self.text.lower().split()[:LONGEST_WORDS]

    @property
    def impossible(self) -> bool:
        """U+0000, which no text in PostgreSQL holds: asked for it, the driver would fail instead of finding nothing."""
        return any("\0" in value for value in (self.text, *(getattr(self, name) for name in FACETS)))


@dataclass(frozen=True)
class Facet:
    name: str
    values: tuple[tuple[str, int], ...]


def find(person: Someone, wanted: Wanted) -> QuerySet[Dataset]:
    """Best first. Without words, everything by name; words that nothing has are tried as mistyped names."""
    if wanted.impossible:
        return Dataset.objects.none()
    rows = _narrowed(datasets_for(person), wanted)
    if not wanted.words:
        return rows.order_by("source__name", "namespace", "name")
    exact = rows.filter(*(Q(search__contains=word) for word in wanted.words))
    return _ranked(exact, wanted) if exact.exists() else _alike(rows, wanted)


def _narrowed(rows: QuerySet[Dataset], wanted: Wanted) -> QuerySet[Dataset]:
    for facet in FACETS:
        value = getattr(wanted, facet)
        if value and facet == "category":
            below = Q(category=value) | Q(category__startswith=f"{value}.")
            rows = rows.filter(pk__in=Column.objects.filter(below, retired_at=None).values("dataset"))
        elif value:
            rows = rows.filter(**{FACET_FIELDS[facet]: value})
    return rows


def _ranked(rows: QuerySet[Dataset], wanted: Wanted) -> QuerySet[Dataset]:
    first, whole = wanted.words[0], "_".join(wanted.words)
    rank = Case(
        When(lowered__in=[first, whole], then=0),
        When(lowered__startswith=first, then=1),
        When(lowered__contains=first, then=2),
        When(description__icontains=first, then=3),
        default=4,
        output_field=IntegerField(),
    )
    return rows.annotate(lowered=Lower("name"), rank=rank).order_by("rank", "name", "namespace", "pk")


def _alike(rows: QuerySet[Dataset], wanted: Wanted) -> QuerySet[Dataset]:
    text = " ".join(wanted.words)
    columns = Column.objects.annotate(alike=TrigramWordSimilarity(text, F("name"))).filter(
        alike__gte=ALIKE, retired_at=None
    )
    named = rows.annotate(alike=TrigramWordSimilarity(text, F("name")))
    return named.filter(Q(alike__gte=ALIKE) | Q(pk__in=columns.values("dataset"))).order_by("-alike", "name", "pk")


def facets(person: Someone, wanted: Wanted) -> list[Facet]:
    """For each facet how many of the results each value would leave; one's own facet does not narrow its values."""
    return [_facet(person, wanted, name) for name in FACETS]


def _facet(person: Someone, wanted: Wanted, name: str) -> Facet:
    # Ids of all others, so that joins of the search do not multiply what is counted.
    rows = find(person, replace(wanted, **{name: ""})).order_by().values("pk")
    datasets = Dataset.objects.filter(pk__in=rows)
    columns = Column.objects.filter(dataset__in=rows, retired_at=None).exclude(category="")
    counted: QuerySet[Any] = columns if name == "category" else datasets
    distinct = "dataset" if name == "category" else "pk"
    values = counted.values_list(FACET_FIELDS[name]).annotate(n=Count(distinct, distinct=True))
    top = values.order_by("-n", FACET_FIELDS[name])[:FACET_SIZE]
    return Facet(name, tuple((str(value), n) for value, n in top if value))


def reasons(datasets: Sequence[Dataset], wanted: Wanted) -> dict[int, str]:
    """For each dataset of one page what matched, in words; two queries at most."""
    words = wanted.words
    if not words or not datasets:
        return {}
    matching = Q()
    for word in words:
        matching |= Q(name__icontains=word) | Q(category__icontains=word) | Q(description__icontains=word)
    columns: dict[int, list[Column]] = {}
    rows = Column.objects.filter(matching, dataset__in=[d.pk for d in datasets], retired_at=None)
    for column in rows.order_by("position", "id").only("id", "dataset_id", "name", "category", "description"):
        columns.setdefault(column.dataset_id, []).append(column)
    return {each.pk: _why(each, columns.get(each.pk, []), words) for each in datasets}


def _why(dataset: Dataset, columns: Sequence[Column], words: Sequence[str]) -> str:
    found = list(dict.fromkeys(reason for word in words if (reason := _reason(dataset, columns, word))))
    return ", ".join(found) or "a similar name"


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
    rows = list(find(user, wanted)[:limit])
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
