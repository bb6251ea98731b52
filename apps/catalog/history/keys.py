"""Keys and indexes of a dataset, and what a column refers to, naming nothing the reader may not know of."""

from collections.abc import Iterable
from dataclasses import dataclass

from apps.catalog.models import Dataset

HIDDEN = "a table that you may not know of"


@dataclass(frozen=True)
class Key:
    kind: str
    columns: tuple[str, ...]
    references: str = ""  # "public.customers (id)"
    address: int | None = None  # the dataset it refers to


def keys_of(dataset: Dataset, visible: frozenset[int]) -> list[Key]:
    """One query, and only where there is a foreign key."""
    seen = _visible_by_name(dataset, (".".join(key["references"]) for key in dataset.keys), visible)
    return [_key(key, seen) for key in dataset.keys]


def _key(key: dict[str, list[str]], seen: dict[str, int]) -> Key:
    kind, columns = str(key["kind"]), tuple(key["columns"])
    if not key["references"]:
        return Key(kind, columns)
    name = ".".join(key["references"])
    if name not in seen:
        return Key(kind, columns, HIDDEN)
    return Key(kind, columns, f"{name} ({', '.join(key['to'])})", seen[name])


def told_references(dataset: Dataset, references: Iterable[str], visible: frozenset[int]) -> dict[str, str]:
    """For each reference (`public.customers.id`) what the reader is told of it. One query, if there is any."""
    listed = {each for each in references if each}
    seen = _visible_by_name(dataset, (_table(each) for each in listed), visible)
    return {each: each if _table(each) in seen else HIDDEN for each in listed}


def _table(reference: str) -> str:
    return reference.rpartition(".")[0]


def _visible_by_name(dataset: Dataset, names: Iterable[str], visible: frozenset[int]) -> dict[str, int]:
    """Ids of datasets of the same database by what follows it in their paths, of those that may be seen."""
    wanted = {name for name in names if name}
    if not wanted:
        return {}
    paths = [[dataset.path[0], *name.split(".")] for name in wanted]
    rows = Dataset.objects.filter(source=dataset.source_id, path__in=paths, retired_at=None)
    return {".".join(path[1:]): pk for pk, path in rows.values_list("pk", "path") if pk in visible}
