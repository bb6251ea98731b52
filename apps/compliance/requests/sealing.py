"""A file sealed in chunks, so that neither writing nor reading it needs it in memory. AES-256-GCM, STREAM construction
(Hoang, Reyhanitabar, Rogaway, Vizár, 2015): each chunk's nonce holds its number and whether it is the last, so that a
chunk that is changed, moved, left out, or cut off at the end is noticed.
"""

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from apps.compliance.requests.identity import Broken, key_bytes

CHUNK = 1024 * 1024
TAG = 16
PREFIX = 7  # + 4 bytes of the chunk's number + 1 byte "last" = the 12 bytes of a nonce


class SealedWriter:
    """What is written to it reaches the file in sealed chunks. Not seekable: `zipfile` then writes as a stream."""

    def __init__(self, file: BinaryIO, place: str) -> None:
        self._file, self._place = file, place.encode()
        self._cipher, self._prefix = AESGCM(key_bytes()), os.urandom(PREFIX)
        self._pending, self._number = bytearray(), 0
        file.write(self._prefix)

    def write(self, content: bytes) -> int:
        self._pending += content
        while len(self._pending) > CHUNK:  # the last chunk is known only at the end, so one is always kept back
            self._put(bytes(self._pending[:CHUNK]), last=False)
            del self._pending[:CHUNK]
        return len(content)

    def flush(self) -> None:
        """Nothing: a chunk leaves when it is full."""

    def finish(self) -> None:
        self._put(bytes(self._pending), last=True)
        self._pending.clear()
        self._file.flush()
        os.fsync(self._file.fileno())

    def _put(self, chunk: bytes, *, last: bool) -> None:
        self._file.write(self._cipher.encrypt(nonce(self._prefix, self._number, last), chunk, self._place))
        self._number += 1


def nonce(prefix: bytes, number: int, last: bool) -> bytes:
    return prefix + struct.pack(">I?", number, last)


def read_sealed(path: Path, place: str) -> Iterator[bytes]:
    """The content, a chunk at a time. Raises Broken at the first chunk that is not what was written there."""
    cipher = AESGCM(key_bytes())
    with path.open("rb") as file:
        prefix, number = file.read(PREFIX), 0
        sealed = file.read(CHUNK + TAG)
        while True:
            following = file.read(CHUNK + TAG)
            last = not following
            try:
                yield cipher.decrypt(nonce(prefix, number, last), sealed, place.encode())
            except (InvalidTag, ValueError):
                raise Broken(place) from None
            if last:
                return
            sealed, number = following, number + 1
