"""What a process keeps for the next request: the answers that were used last, up to a number of them."""

from array import array
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from hashlib import blake2b
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class Kept(Generic[T]):
    def __init__(self, most: int) -> None:
        self._most = most
        self._held: OrderedDict[Hashable, T] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """Two that ask at once may both make it; the later answer stays."""
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
                return self._held[key]
        made = make()
        with self._lock:
            self._held[key] = made
            while len(self._held) > self._most:
                self._held.popitem(last=False)
        return made


def of_ids(ids: Iterable[int] | None) -> bytes:
    """A key for a set of ids that does not hold them; None, which means all, has one of its own."""
    return b"all" if ids is None else blake2b(array("q", sorted(ids)).tobytes(), digest_size=16).digest()
