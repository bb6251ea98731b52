"""What one look changed, on its way into history, search and the gate's caches."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from apps.catalog.history.types import Change, What
from apps.catalog.models import Column, Dataset

LONGEST = 2_000


@dataclass
class Changes:
    """Ids of datasets of which something other than their size changed, and how many rows did.

    A source's first look has no history to tell, nor has a new dataset's every column: `first`, `fresh`.
    """

    first: bool = False
    datasets: set[int] = field(default_factory=set)
    fresh: set[int] = field(default_factory=set)
    log: list[Change] = field(default_factory=list)
    added: int = 0
    changed: int = 0
    retired: int = 0

    def tell(self, dataset: int, column: str, what: What, before: str, after: str) -> None:
        if self.first or (column and dataset in self.fresh) or before == after:
            return
        self.log.append(Change(dataset, column, what, before, after))


def moved(row: Dataset | Column, values: Mapping[str, object], names: Sequence[str]) -> list[str]:
    return [name for name in names if getattr(row, name) != values[name]]


def told(name: str, value: Any) -> str:
    """A value of a row of the catalog as history keeps it."""
    if name == "definition":  # a statement names tables and may hold values: a digest tells that it is another one
        return blake2b(str(value).encode(), digest_size=6).hexdigest() if value else ""
    if name == "nullable":
        return "nullable" if value else "not null"
    if name == "primary_key":
        return "yes" if value else "no"
    if name == "keys":
        return "; ".join(key_words(each) for each in value)[:LONGEST]
    return ("; ".join(value) if isinstance(value, list) else str(value))[:LONGEST]


def key_words(key: Mapping[str, Any]) -> str:
    """`foreign key (customer_id) of public.customers (id)`."""
    words = f"{key['kind']} key ({', '.join(key['columns'])})"
    return f"{words} of {'.'.join(key['references'])} ({', '.join(key['to'])})" if key["references"] else words
