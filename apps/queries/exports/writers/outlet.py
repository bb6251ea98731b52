"""A file for Arrow to write into that hands on what was written instead of keeping it."""

import io


class Outlet(io.RawIOBase):
    def __init__(self) -> None:
        self.waiting: list[bytes] = []
        self.passed = 0

    def writable(self) -> bool:
        return True

    def write(self, content: object, /) -> int:
        chunk = bytes(content)  # type: ignore[call-overload]
        self.waiting.append(chunk)
        self.passed += len(chunk)
        return len(chunk)

    def tell(self) -> int:
        return self.passed

    def drained(self) -> bytes:
        """What came since the last time."""
        waiting, self.waiting = self.waiting, []
        return b"".join(waiting)
