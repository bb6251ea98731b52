"""Between mongod and its log: what a line quotes of commands and documents never reaches the disk.

When an operation fails mongod logs the whole of it and the value that it failed at, whatever the verbosity; redaction
is a part of the paid edition. Standard library only, and nothing of Portico's.
"""

import json
import sys
from typing import IO

# Parts of mongod that tell of the server itself. All others may quote documents and commands.
TOLD = frozenset({"ACCESS", "CONTROL", "ELECTION", "NETWORK", "WT", "WTCHKPT", "WTRECOV"})
KEPT = ("t", "s", "c", "id", "ctx", "msg")


class Filter:
    def __init__(self) -> None:
        self._logging = False

    def line(self, raw: bytes) -> bytes:
        """The line as it may be kept, or nothing."""
        try:
            told = json.loads(raw)
        except (ValueError, RecursionError):
            told = None
        if not isinstance(told, dict):
            # Before its log begins, mongod says in plain words why it cannot start.
            return b"" if self._logging else raw
        self._logging = True
        if told.get("c") in TOLD:
            return raw
        return json.dumps({key: told[key] for key in KEPT if key in told}).encode() + b"\n"


def copy(source: IO[bytes], target: IO[bytes]) -> None:
    keep = Filter()
    for raw in source:
        target.write(keep.line(raw))
        target.flush()


if __name__ == "__main__":
    copy(sys.stdin.buffer, sys.stdout.buffer)
