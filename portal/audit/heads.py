"""Signed tree heads: in the database, and in a file outside it that only ever grows."""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings

from portal.audit.services import canonical


@dataclass(frozen=True)
class Head:
    """`root` and `signature` are hex; `at` is ISO 8601 with zone."""

    size: int
    root: str
    at: str
    signature: str

    def is_signed_by(self, key: Ed25519PrivateKey) -> bool:
        try:
            key.public_key().verify(bytes.fromhex(self.signature), message(self.size, self.root, self.at))
        except (InvalidSignature, ValueError):
            return False
        return True


def signing_key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(settings.AUDIT_SIGNING_KEY))


def message(size: int, root: str, at: str) -> bytes:
    return canonical({"at": at, "root": root, "size": size}).encode()


def sign(*, size: int, root: str, at: datetime) -> Head:
    moment = at.isoformat()
    return Head(size, root, moment, signing_key().sign(message(size, root, moment)).hex())


def read_file(path: Path) -> Iterator[Head]:
    """Heads of the file, oldest first. Raises ValueError naming the line that cannot be read."""
    if not path.is_file():
        return
    with path.open() as lines:
        for number, line in enumerate(lines, 1):
            try:
                yield Head(**json.loads(line))
            except (ValueError, TypeError):
                raise ValueError(f"{path.name}, line {number}: not a tree head.") from None


def append_to_file(path: Path, heads: list[Head]) -> None:
    """Appends and syncs, so that a head that was told of is on the disk."""
    if not heads:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        file.writelines(canonical(asdict(head)) + "\n" for head in heads)
        file.flush()
        os.fsync(file.fileno())
