"""Reads the attacks that lie here as data."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SOURCES = {"p": "oltp", "s": "warehouse", "m": "documents"}
STANDS_FOR = re.compile(r"(?<![\w'.])[CH](?![\w'])")
TABLES = {"C": "vault.customers", "H": "vault.charges"}


@dataclass(frozen=True)
class Attack:
    """`may_be_empty`: that it tells nothing without the gate is known, and said where it is written."""

    source: str
    name: str
    text: Any
    may_be_empty: bool = False

    @property
    def ordered(self) -> bool:
        return "order by" in str(self.text).lower() or "$sort" in str(self.text)


@cache
def lines() -> tuple[tuple[str, str, str], ...]:
    found = []
    for path in sorted(HERE.glob("*.txt")):
        for line in path.read_text(encoding="utf-8").splitlines():
            where, name, text = (part.strip() for part in line.split(" | ", 2))
            found.append((where, f"{path.stem}: {name}", text))
    return tuple(found)


def attacks(letter: str) -> list[Attack]:
    """Those that run on the store of the letter."""
    return [made(letter, name, text) for where, name, text in lines() if letter in where and not where.startswith("t")]


def text_only(source: str) -> Iterator[Attack]:
    for where, name, text in lines():
        if where.startswith("t") and SOURCES[where[1]] == source:
            yield made(where[1], name, text)


def made(letter: str, name: str, text: str) -> Attack:
    if letter == "m":
        return Attack(SOURCES[letter], name, json.loads(text))
    return Attack(SOURCES[letter], name, STANDS_FOR.sub(lambda found: TABLES[found.group()], text))
