"""The catalog's one way into a store: its own account, which reads structure and counts, never values."""

from portal.stores import open_store
from portal.stores.types import DatasetInfo


def look(source: str) -> list[DatasetInfo]:
    """Every dataset the catalog's account sees. Raises StoreError."""
    return list(open_store(source, "catalog").introspect())
