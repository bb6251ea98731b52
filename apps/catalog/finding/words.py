"""Texts and names as the words that search knows: parts of identifiers, without case and accents."""

import re
import unicodedata

CAMEL = re.compile(r"([a-z0-9])([A-Z])")
BETWEEN = re.compile(r"[\W_]+")
LONGEST = 60  # characters of one word; what is longer is somebody's data, not a name
CLOSE = {1: 0, 2: 0, 3: 0, 4: 1, 5: 1}  # typing errors that a word of this length may hold; longer ones two


def words_of(text: str) -> list[str]:
    """In order, each as often as it stands there.

    >>> words_of("RAW.OLTP_customerEmail, Größe")
    ['raw', 'oltp', 'customer', 'email', 'grosse']
    """
    spaced = CAMEL.sub(r"\1 \2", text)
    if not spaced.isascii():
        parts = unicodedata.normalize("NFKD", spaced)
        spaced = "".join(sign for sign in parts if not unicodedata.combining(sign))
    return [word[:LONGEST] for word in BETWEEN.split(spaced.casefold()) if word]


def is_typo_of(word: str, known: str) -> bool:
    """Whether few letters are missing, too many, exchanged or swapped with their neighbour; the first one is right."""
    allowed = CLOSE.get(len(word), 2)
    if not allowed or word[0] != known[0] or abs(len(word) - len(known)) > allowed:
        return False
    return distance(word, known) <= allowed


def distance(one: str, other: str) -> int:
    """Optimal string alignment distance."""
    before: list[int] = []
    last = list(range(len(other) + 1))
    for i, left in enumerate(one, 1):
        row = [i]
        for j, right in enumerate(other, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (left != right))
            if i > 1 and j > 1 and left == other[j - 2] and one[i - 2] == right:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        before, last = last, row
    return last[-1]
