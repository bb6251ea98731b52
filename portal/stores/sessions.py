"""A small pool for drivers that bring none: last in, first out, bounded, checked when taken."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, TypeVar

from portal.stores.types import StoreError

Session = TypeVar("Session")
IDLE_SECONDS = 300.0
# A session that rested shorter than this is handed out without asking the server whether it still lives.
TRUSTED_SECONDS = 1.0


class SessionPool(Generic[Session]):
    def __init__(
        self,
        store: str,
        *,
        connect: Callable[[], Session],
        alive: Callable[[Session], bool],
        close: Callable[[Session], None],
        size: int,
        wait_seconds: float,
    ) -> None:
        self._store = store
        self._connect = connect
        self._alive = alive
        self._close = close
        self._free = threading.BoundedSemaphore(size)
        self._wait_seconds = wait_seconds
        self._lock = threading.Lock()
        self._idle: list[tuple[float, Session]] = []

    def take(self) -> Session:
        if not self._free.acquire(timeout=self._wait_seconds):
            raise StoreError(
                f"no free session after {self._wait_seconds:g} s",
                store=self._store,
                public="All connections to the store are in use.",
                retryable=True,
                code="busy",
            )
        try:
            return self._reuse() or self._connect()
        except BaseException:
            self._free.release()
            raise

    def give_back(self, session: Session) -> None:
        with self._lock:
            self._idle.append((time.monotonic(), session))
        self._free.release()

    def discard(self, session: Session) -> None:
        self._close(session)
        self._free.release()

    def close(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for _, session in idle:
            with suppress(StoreError):
                self._close(session)

    def _reuse(self) -> Session | None:
        while True:
            with self._lock:
                if not self._idle:
                    return None
                since, session = self._idle.pop()
            rested = time.monotonic() - since
            if rested < TRUSTED_SECONDS or (rested < IDLE_SECONDS and self._alive(session)):
                return session
            self._close(session)
