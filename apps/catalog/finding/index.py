"""Keeps what search looks at in step with the catalog, in the transaction of each change."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from django.db import connection

from apps.catalog.finding.words import words_of
from apps.catalog.models import Column, Dataset

# A word of a dataset's own name stands in the index a second time, behind this sign.
OF_NAME = "="
AT_ONCE = 1_000
LONGEST_TEXT = 20_000  # characters of one description that are looked at
WRITE = """
UPDATE catalog_dataset AS d SET words = n.words::tsvector, categories = string_to_array(n.categories, ',')
FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS n(id, words, categories)
WHERE d.id = n.id AND (d.words IS DISTINCT FROM n.words::tsvector
                       OR d.categories IS DISTINCT FROM string_to_array(n.categories, ',')::varchar[])
"""
LEARN = "INSERT INTO catalog_searchword (word) SELECT unnest(%s::text[]) ON CONFLICT DO NOTHING"
BEFORE = "SELECT tsvector_to_array(words) FROM catalog_dataset WHERE id = ANY(%s) AND words IS NOT NULL"
FORGET = """
DELETE FROM catalog_searchword AS w WHERE w.word = ANY(%s)
AND NOT EXISTS (SELECT FROM catalog_dataset d WHERE d.words @@ quote_literal(w.word)::tsquery)
"""


def refresh(datasets: Iterable[int]) -> None:
    wanted = sorted(datasets)
    for start in range(0, len(wanted), AT_ONCE):
        _refresh(wanted[start : start + AT_ONCE])


def _refresh(datasets: list[int]) -> None:
    words, categories = _collect(datasets)
    with connection.cursor() as cursor:
        cursor.execute(BEFORE, [datasets])
        before = vocabulary(row[0] for row in cursor.fetchall())
        vectors = [vector_of(words[pk]) for pk in datasets]
        cursor.execute(WRITE, [datasets, vectors, [",".join(sorted(categories[pk])) for pk in datasets]])
        now = vocabulary(words.values())
        cursor.execute(LEARN, [sorted(now - before)])
        cursor.execute(FORGET, [sorted(before - now)])  # a name that was somebody's value is gone from here, too


def _collect(datasets: list[int]) -> tuple[Mapping[int, set[str]], Mapping[int, set[str]]]:
    words: dict[int, set[str]] = {pk: set() for pk in datasets}
    categories: dict[int, set[str]] = defaultdict(set)
    fields = ("pk", "name", "path", "owner", "tags", "description", "comment")
    for pk, name, path, owner, tags, *texts in Dataset.objects.filter(pk__in=datasets).values_list(*fields):
        words[pk] |= of_dataset(name, " ".join([*path, owner, *tags, *(text[:LONGEST_TEXT] for text in texts)]))
    columns = Column.objects.filter(dataset__in=datasets, retired_at=None)
    listed = columns.values_list("dataset_id", "name", "category", "description", "comment")
    for pk, name, category, *texts in listed.iterator(chunk_size=20_000):
        words[pk].update(words_of(f"{name} {category}"))
        if category:
            categories[pk].add(category)
        if any(texts):
            words[pk].update(words_of(" ".join(text[:LONGEST_TEXT] for text in texts)))
    return words, categories


def of_dataset(name: str, others: str) -> set[str]:
    """What the index holds of a dataset beside its columns."""
    own = words_of(name)
    return {*own, *(f"{OF_NAME}{word}" for word in own), *words_of(others)}


def vector_of(words: Iterable[str]) -> str:
    """A tsvector's text. It has no places: which word stands where, nobody asks."""
    return " ".join(f"'{word}'" for word in words)


def vocabulary(words: Iterable[Iterable[str]]) -> set[str]:
    """Words that may be mistyped, or meant by a part of them: numbers are neither."""
    return {word for each in words for word in each if not word.startswith(OF_NAME) and not word.isdecimal()}
