"""What changed in the columns of a source since the last load. A new column is said and not loaded: nobody has
decided what it means; a missing one stops the load, because its target would silently fill with NULL."""

from collections.abc import Sequence
from dataclasses import dataclass

from apps.pipelines.definitions import Extract
from portal.stores.names import is_entry


@dataclass(frozen=True)
class Drift:
    """`missing` are named by the definition and gone; `new` were not there last time; `left_out` on purpose."""

    missing: tuple[str, ...]
    new: tuple[str, ...]
    left_out: tuple[str, ...]


def compare(extract: Extract, found: Sequence[str], before: Sequence[str] | None) -> Drift:
    """`before` are the source's columns at the last load, None at the first."""
    named = [column.source for column in extract.columns]
    other = [name for name in found if name not in named]
    new = [] if before is None else [name for name in other if name not in before]
    return Drift(
        missing=tuple(name for name in named if name not in found),
        new=tuple(new),
        left_out=tuple(name for name in other if name not in new),
    )


def document_paths(extract: Extract, found: Sequence[str], before: Sequence[str] | None) -> Drift:
    """A path that no sampled document has is no error: documents need not have it. What lies inside a path that is
    loaded whole (as VARIANT) is loaded with it. Entries of a map (`seen.*`) are no path that could be loaded: the map
    is, whole."""
    whole = tuple(column.source for column in extract.columns if column.type == "VARIANT")
    named = [column.source for column in extract.columns]
    leaves = [path for path in found if not any(other.startswith((f"{path}.", f"{path}[]")) for other in found)]
    other = [path for path in leaves if path not in named and not _inside(path, whole)]
    new = [] if before is None else [path for path in other if path not in before]
    missing = tuple(filter(is_entry, named))
    return Drift(missing, new=tuple(new), left_out=tuple(path for path in other if path not in new))


def _inside(path: str, whole: Sequence[str]) -> bool:
    return any(path == name or path.startswith((f"{name}.", f"{name}[]")) for name in whole)
