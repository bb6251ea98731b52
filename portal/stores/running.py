"""What a handle is running, so that another thread can stop it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Running:
    """Each piece of work registers how to stop it; `cancel` stops all of one handle."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._work: dict[int, tuple[threading.Event, Callable[[], None]]] = {}
        self._next = 0

    def add(self, stop: Callable[[], None]) -> tuple[int, threading.Event]:
        cancelled = threading.Event()
        with self._lock:
            self._next += 1
            self._work[self._next] = (cancelled, stop)
            return self._next, cancelled

    def remove(self, key: int) -> None:
        with self._lock:
            self._work.pop(key, None)

    @contextmanager
    def work(self, stop: Callable[[], None]) -> Iterator[threading.Event]:
        key, cancelled = self.add(stop)
        try:
            yield cancelled
        finally:
            self.remove(key)

    def cancel(self) -> None:
        # Outside the lock: a driver's cancel may take a round trip, and the work ends while it is on its way.
        with self._lock:
            work = list(self._work.values())
        for cancelled, stop in work:
            cancelled.set()
            stop()
