"""Reads a few items ahead in a thread of its own, so that decoding what comes overlaps with using what came."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

Item = TypeVar("Item")
DEPTH = 2


class Ahead(Generic[Item]):
    """An error of the source is raised where its item would have come."""

    def __init__(self, source: Iterator[Item]) -> None:
        self._source = source
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="read-ahead")
        self._coming: deque[Future[Item | None]] = deque()

    def __iter__(self) -> Iterator[Item]:
        while True:
            while len(self._coming) < DEPTH:
                self._coming.append(self._worker.submit(next, self._source, None))
            item = self._coming.popleft().result()
            if item is None:
                return
            yield item

    def close(self) -> None:
        """Returns when the source is no longer being read. What may hang in it must have been woken before."""
        self._worker.shutdown(wait=True, cancel_futures=True)
