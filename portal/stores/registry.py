"""`open_store`: one handle over this process's pool for a store and an account."""

import importlib
import os
import threading
from typing import Protocol, cast

from django.conf import settings

from portal.stores.transport import transport_is_encrypted
from portal.stores.types import Account, Store, StoreError, StoreKind


class Pool(Protocol):
    """What every adapter's `Pool(name, url)` offers."""

    def open(self) -> Store: ...
    def close(self) -> None: ...


ADAPTERS: dict[StoreKind, str] = {
    "postgres": "portal.stores.postgres.pool",
    "mongo": "portal.stores.mongo.pool",
    "snowflake": "portal.stores.snowflake.pool",
}

_lock = threading.Lock()
_pools: dict[tuple[str, str], Pool] = {}


def open_store(name: str, account: Account) -> Store:
    """A handle for one piece of work. Nothing is connected before it is used.

    Raises StoreError (`not_configured`, `plain_text`) where the settings name no address or one without TLS.
    """
    kind, url = _address(name, account)
    with _lock:
        pool = _pools.get((name, url))
        if pool is None:
            pool = _pools[name, url] = cast(Pool, importlib.import_module(ADAPTERS[kind]).Pool(name, url))
    return pool.open()


def close_pools() -> None:
    """Closes every connection of this process; the next `open_store` connects anew."""
    with _lock:
        pools = list(_pools.values())
        _pools.clear()
    for pool in pools:
        pool.close()


def _address(name: str, account: Account) -> tuple[StoreKind, str]:
    configured = settings.STORES.get(name)
    if configured is None:
        raise StoreError(
            f"no store named {name!r}",
            store=name,
            public="There is no store of this name.",
            retryable=False,
            code="not_configured",
        )
    kind = cast(StoreKind, configured["kind"])
    url = cast(dict[str, str], configured["accounts"]).get(account, "")
    if not url:
        raise StoreError(
            f"PORTICO_{name.upper()}_{account.upper()}_URL is empty",
            store=name,
            public=f"No address is configured for the store {name} and the account {account}.",
            retryable=False,
            code="not_configured",
        )
    if not settings.EMBEDDED and not transport_is_encrypted(kind, url):
        raise StoreError(
            f"PORTICO_{name.upper()}_{account.upper()}_URL does not ask for TLS",
            store=name,
            public=f"The address of the store {name} would send data unencrypted.",
            retryable=False,
            code="plain_text",
        )
    return kind, url


def _forget_parents_pools() -> None:
    # A connection must not be shared across a fork: the child leaves its parent's sockets alone and opens its own.
    global _lock, _pools  # noqa: PLW0603
    _lock = threading.Lock()
    _abandoned.append(_pools)
    _pools = {}


_abandoned: list[dict[tuple[str, str], Pool]] = []  # kept referenced: collecting them would close the parent's
os.register_at_fork(after_in_child=_forget_parents_pools)
