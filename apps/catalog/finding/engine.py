"""From typed words to datasets, best first: an index over each dataset's words, asked in tiers that end when enough is
found. What a person may not know of is cut away inside each question, so that neither a result nor a count tells of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from apps.catalog.finding import index
from apps.catalog.finding.index import OF_NAME
from apps.catalog.finding.words import distance, is_typo_of, words_of

MOST = 1_000  # results of one search; more than these nobody looks at, and counting them would cost more than finding
ENOUGH = 10  # results from which the words are taken as meant
MOST_WORDS = 8
SHORTEST_PART = 3  # letters from which a word is looked for inside of others ("mail" in "email")
PARTS, ALIKE = 40, 60
INSIDE = "SELECT word FROM catalog_searchword WHERE word LIKE %s ORDER BY length(word), word LIMIT %s"
SIMILAR = """SELECT word FROM catalog_searchword WHERE word LIKE %s AND length(word) BETWEEN %s AND %s
ORDER BY similarity(word, %s) DESC, word LIMIT %s"""
FIND = """SELECT id FROM catalog_dataset WHERE retired_at IS NULL AND {where} AND NOT id = ANY(%s)
ORDER BY standing DESC, name, id LIMIT %s"""
OWN_WORDS = """SELECT DISTINCT unnest(tsvector_to_array(words)) FROM catalog_dataset
WHERE retired_at IS NULL AND id = ANY(%s)"""
INDEXED, ONE_BY_ONE = "words @@ %s::tsquery", "CASE WHEN words @@ %s::tsquery THEN TRUE ELSE FALSE END"


@dataclass(frozen=True)
class Cut:
    """SQL that narrows datasets, with its parameters: what the person may know of, and the chosen facets."""

    where: str = "TRUE"
    params: tuple[Any, ...] = ()
    nothing: bool = False  # of nothing is nothing found, without a question
    few: bool = False  # known by their numbers, and so few that they are looked at first

    def __and__(self, other: "Cut") -> "Cut":
        where = f"{self.where} AND {other.where}"
        params = (*self.params, *other.params)
        return Cut(where, params, self.nothing or other.nothing, self.few or other.few)


@dataclass(frozen=True)
class Hits:
    ids: tuple[int, ...]
    more: bool  # there are more than MOST


def typed_words(text: str) -> list[str]:
    return list(dict.fromkeys(words_of(text)))[:MOST_WORDS]


def search(text: str, cut: Cut, most: int = MOST, vocabulary: frozenset[str] | None = None) -> Hits:
    """`vocabulary` are the words that the person may know of; None is every word of the catalog."""
    words = typed_words(text)
    if not words or cut.nothing:
        return Hits((), False)
    found = _ask(_named(text, words) & cut, [], most + 1)
    for tier in _tiers([_known(word, vocabulary) for word in words]):
        if len(found) > most or (tier.last and len(found) >= ENOUGH):
            break
        found += _ask(_matching(tier.query, cut), found, most + 1 - len(found))
    return Hits(tuple(found[:most]), len(found) > most)


@dataclass(frozen=True)
class _Tier:
    query: str
    last: bool = False  # asked only while there is not enough


def _named(text: str, words: Sequence[str]) -> Cut:
    whole = text.strip().lower()
    return Cut("lower(name) = ANY(%s)", (sorted({"_".join(words), " ".join(words), whole, whole.rpartition(".")[2]}),))


def _tiers(known: Sequence[str]) -> list[_Tier]:
    """Every word in the name; every word anywhere; all but one, so that a wrong word empties nothing."""
    tiers = []
    if all(known):
        tiers += [_Tier(" & ".join(_in_names(each) for each in known)), _Tier(" & ".join(known))]
    if len(known) > 1:
        others = [[each for at, each in enumerate(known) if at != left and each] for left in range(len(known))]
        queries = [f"({' & '.join(each)})" for each in others if len(each) == len(known) - 1]
        queries = queries or [each for each in known if each]
        tiers += [_Tier(" | ".join(queries), last=True)] if queries else []
    return tiers


def _matching(query: str, cut: Cut) -> Cut:
    """Of few datasets each is looked at: the index of words would first give all that anybody may see."""
    return Cut(ONE_BY_ONE if cut.few else INDEXED, (query,)) & cut


def _in_names(query: str) -> str:
    return query.replace("'", f"'{OF_NAME}").replace(f"'{OF_NAME}:", "':").replace(f"'{OF_NAME} ", "' ")


def _known(word: str, vocabulary: frozenset[str] | None) -> str:
    """The typed word as a question to the index: what begins with it, what it is a part of; if there is none of them,
    what it may have been meant as. Empty where nothing is like it."""
    if word.isdecimal():
        return f"( '{word}':* )"
    inside = _inside(word) if vocabulary is None else _inside_of(word, vocabulary)
    if inside:
        parts = [f"'{each}' " for each in inside if not each.startswith(word)]
        return "( " + " | ".join([f"'{word}':* ", *parts]) + ")"
    if len(word) < SHORTEST_PART:
        return ""
    near = [each for each in _similar(word, vocabulary) if is_typo_of(word, each)]
    least = min((distance(word, each) for each in near), default=0)
    alike = [f"'{each}' " for each in near if distance(word, each) == least]
    return f"( {' | '.join(alike)})" if alike else ""


def _inside(word: str) -> list[str]:
    part = _escaped(word)
    with connection.cursor() as cursor:
        if len(word) < SHORTEST_PART:
            cursor.execute(INSIDE, [f"{part}%", 1])
        else:
            cursor.execute(INSIDE, [f"%{part}%", PARTS])
        return [str(row[0]) for row in cursor.fetchall()]


def _inside_of(word: str, vocabulary: frozenset[str]) -> list[str]:
    if len(word) < SHORTEST_PART:
        return [word] if any(each.startswith(word) for each in vocabulary) else []
    return sorted((each for each in vocabulary if word in each), key=lambda each: (len(each), each))[:PARTS]


def _similar(word: str, vocabulary: frozenset[str] | None) -> list[str]:
    shortest, longest = len(word) - 2, len(word) + 2
    if vocabulary is not None:
        return sorted(each for each in vocabulary if each[0] == word[0] and shortest <= len(each) <= longest)
    with connection.cursor() as cursor:
        cursor.execute(SIMILAR, [f"{_escaped(word[0])}%", shortest, longest, word, ALIKE])
        return [str(row[0]) for row in cursor.fetchall()]


def vocabulary_of(datasets: Sequence[int]) -> frozenset[str]:
    """The words of these datasets alone: what somebody typed is not taken for a word that only others may know of."""
    with connection.cursor() as cursor:
        cursor.execute(OWN_WORDS, [list(datasets)])
        return frozenset(index.vocabulary([[row[0] for row in cursor.fetchall()]]))


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _ask(cut: Cut, found: list[int], most: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(FIND.format(where=cut.where), (*cut.params, found, most))
        return [int(row[0]) for row in cursor.fetchall()]
