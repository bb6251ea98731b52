"""The columns of a dataset as a plan may name them. Until the next sync, the catalog of an older release has columns
that are named by a key of a map, which may be anybody's value: here they are entries of that map, and nobody knows what
they hold."""

from collections.abc import Sequence

from apps.catalog.maps import declared
from apps.catalog.models import Column, Dataset
from portal.stores.names import told


def by_name(dataset: Dataset, columns: Sequence[Column]) -> dict[str, Column]:
    known = declared(dataset.definition) if dataset.kind == "collection" else frozenset()
    shown = _shown([column.name for column in columns], known, documents=dataset.kind == "collection")
    found = {column.name: column for column in columns if shown[column.name] == column.name}
    for column in columns:
        name = shown[column.name]
        if name not in found:
            column.name, column.category = name, ""
            found[name] = column
    return found


def _shown(names: Sequence[str], known: frozenset[str], *, documents: bool) -> dict[str, str]:
    """Of tables, paths inside of VARIANT columns (`DOC:seen.*`): their own names are nobody's value."""
    if documents:
        return told(names, known)
    found = dict(zip(names, names, strict=True))
    for holder in {name.partition(":")[0] for name in names if ":" in name}:
        inside = [name.partition(":")[2] for name in names if name.startswith(f"{holder}:")]
        found |= {f"{holder}:{path}": f"{holder}:{shown}" for path, shown in told(inside).items()}
    return found
