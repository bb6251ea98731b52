"""A health check that answers in time even when the driver does not."""

import threading
import time
from collections.abc import Callable

from portal.stores.types import Health, StoreError

DEADLINE_SECONDS = 4.5

_lock = threading.Lock()
_pending: dict[str, threading.Thread] = {}


def probe(key: str, ask: Callable[[], str]) -> Health:
    """`ask` returns the version or raises StoreError. A probe that hangs is not started a second time."""
    answer: list[Health] = []
    with _lock:
        waiting = _pending.get(key)
        if waiting is not None and waiting.is_alive():
            return Health(ok=False, detail="The store does not answer; an earlier check still waits for it.")
        thread = threading.Thread(target=_ask, args=(ask, answer), name=f"health-{key}", daemon=True)
        _pending[key] = thread
        thread.start()
    thread.join(DEADLINE_SECONDS)
    if answer:
        return answer[0]
    return Health(ok=False, detail=f"The store did not answer within {DEADLINE_SECONDS:g} s.")


def _ask(ask: Callable[[], str], answer: list[Health]) -> None:
    started = time.perf_counter()
    try:
        version = ask()
    except StoreError as error:
        answer.append(Health(ok=False, detail=error.public))
    else:
        elapsed = round((time.perf_counter() - started) * 1000, 1)
        answer.append(Health(ok=True, version=version, latency_ms=elapsed))
