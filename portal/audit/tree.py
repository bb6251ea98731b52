"""The Merkle tree of RFC 6962, section 2.1, over complete subtrees that are kept as they fill up. Pure."""

import hashlib
from collections.abc import Callable, Iterable, Iterator

# (level, index) of a complete subtree -> its 32-byte hash
Lookup = Callable[[int, int], bytes]
EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def peaks(size: int) -> list[tuple[int, int]]:
    """The complete subtrees, left to right, that together cover the first `size` leaves."""
    found, start = [], 0
    for level in reversed(range(size.bit_length())):
        if size >> level & 1:
            found.append((level, start >> level))
            start += 1 << level
    return found


def root(size: int, lookup: Lookup) -> bytes:
    """The Merkle tree hash of the first `size` leaves."""
    hashes = [lookup(level, index) for level, index in peaks(size)]
    if not hashes:
        return EMPTY_ROOT
    total = hashes.pop()
    while hashes:
        total = node_hash(hashes.pop(), total)
    return total


class Growth:
    """Appends leaves to a tree of `size`, yielding each subtree as it becomes complete."""

    def __init__(self, size: int, lookup: Lookup) -> None:
        self.size = size
        self._frontier = {level: lookup(level, index) for level, index in peaks(size)}

    def append(self, leaf: bytes) -> Iterator[tuple[int, int, bytes]]:
        level, index, value = 0, self.size, leaf
        yield level, index, value
        while index & 1:
            value = node_hash(self._frontier.pop(level), value)
            level, index = level + 1, index >> 1
            yield level, index, value
        self._frontier[level] = value
        self.size += 1

    def root(self) -> bytes:
        total: bytes | None = None
        for level in sorted(self._frontier):
            total = self._frontier[level] if total is None else node_hash(self._frontier[level], total)
        return EMPTY_ROOT if total is None else total


def range_hash(start: int, end: int, lookup: Lookup) -> bytes:
    """The hash of leaves [start, end), where `start` is a multiple of the largest power of two below the length."""
    length = end - start
    if length & (length - 1) == 0:
        level = length.bit_length() - 1
        return lookup(level, start >> level)
    split = start + (1 << (length - 1).bit_length() - 1)
    return node_hash(range_hash(start, split, lookup), range_hash(split, end, lookup))


def inclusion_path(index: int, size: int, lookup: Lookup) -> list[bytes]:
    """The audit path of leaf `index` in the tree of `size` leaves, nearest sibling first (RFC 6962, 2.1.1)."""
    if not 0 <= index < size:
        raise ValueError(f"There is no leaf {index} in a tree of {size}.")
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        split = start + (1 << (end - start - 1).bit_length() - 1)
        if index < split:
            path.append(range_hash(split, end, lookup))
            end = split
        else:
            path.append(range_hash(start, split, lookup))
            start = split
    return path[::-1]


def root_from_path(leaf: bytes, index: int, size: int, path: Iterable[bytes]) -> bytes:
    """What the root must be if `leaf` stands at `index`: the check that a reader repeats (RFC 9162, 2.1.3.2)."""
    value, position, last = leaf, index, size - 1
    for sibling in path:
        if last == 0:
            raise ValueError("The path is longer than the tree is deep.")
        if position & 1 or position == last:
            value = node_hash(sibling, value)
            while position and not position & 1:
                position, last = position >> 1, last >> 1
        else:
            value = node_hash(value, sibling)
        position, last = position >> 1, last >> 1
    if last:
        raise ValueError("The path is shorter than the tree is deep.")
    return value
