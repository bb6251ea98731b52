"""The one way of subjects' requests into a store: the account `privacy`, which reads, changes and removes rows and
can do nothing else. Which datasets it may touch is that account's grants in each store; whether something is kept from
it, the account of the catalog tells."""

from collections.abc import Iterable

from portal.stores import open_store
from portal.stores.types import Store


def subject_store(name: str) -> Store:
    return open_store(name, "privacy")


def seen_by_the_catalog(name: str, namespaces: Iterable[str]) -> set[tuple[str, ...]]:
    """Paths of what the catalog's account sees in these schemas (or of these collections) now: names alone."""
    return {info.path for info in open_store(name, "catalog").introspect(namespaces=sorted(namespaces))}
