"""The pipelines' one way into a store: the account `loader`, which reads the sources that a definition names and
writes the warehouse. Which datasets it may touch is that account's grants in each store."""

from typing import cast

from portal.stores import open_store
from portal.stores.types import Store, Warehouse

WAREHOUSE = "warehouse"


def source_store(name: str) -> Store:
    return open_store(name, "loader")


def warehouse() -> Warehouse:
    return cast(Warehouse, open_store(WAREHOUSE, "loader"))
