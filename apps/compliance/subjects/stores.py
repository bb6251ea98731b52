"""The one way of subjects' requests into a store: the account `privacy`, which reads, changes and removes rows and
can do nothing else. Which datasets it may touch is that account's grants in each store."""

from portal.stores import open_store
from portal.stores.types import Store


def subject_store(name: str) -> Store:
    return open_store(name, "privacy")
