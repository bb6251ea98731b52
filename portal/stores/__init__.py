"""Owns the adapters: the only files that import a store's driver.
Offers `open_store(name, account)`, `transport_is_encrypted(kind, url)` and the types in `types.py`.
Stands on nothing of the house; imports a driver when the first store of its kind is opened.
"""

from portal.stores.registry import open_store
from portal.stores.transport import transport_is_encrypted

__all__ = ["open_store", "transport_is_encrypted"]
