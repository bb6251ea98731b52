"""How long a connection may be open without asking for anything, and how many one address may have: else a few hundred
of them keep everybody out."""

import asyncio
from collections import Counter
from typing import ClassVar

from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_WITHIN_S = 10.0
MOST = 256  # of all
KEPT = 32  # of them, for this machine: the portal's health page, and a proxy that bounds its callers itself
HERE = frozenset({"127.0.0.1", "::1"})


class Patient(H11Protocol):
    """Closes a connection whose request line and headers are not there in time, however slowly they drip.

    From the connection, or from the first byte after an answer; between the two uvicorn's own keep-alive counts. What
    still comes of a body after its answer is bounded by the same. Closes at once what one address opens beyond its
    share: who opens new ones as fast as they are closed would win what the time takes away.
    """

    head_within_s = HEAD_WITHIN_S
    most_each = 32
    most_of_others = MOST - KEPT
    _open: ClassVar[Counter[str]] = Counter()  # by address; the loop's one thread counts
    _counted = ""
    _until: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self._may_come(self.client[0] if self.client else ""):
            self._watch()
        else:
            transport.abort()

    def _may_come(self, address: str) -> bool:
        if address in HERE:
            return True
        if self._open[address] >= self.most_each or self._open.total() >= self.most_of_others:
            return False
        self._counted = address
        self._open[address] += 1
        return True

    def _leave(self) -> None:
        if self._counted:
            self._open[self._counted] -= 1
            if not self._open[self._counted]:
                del self._open[self._counted]
            self._counted = ""

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._rest()
        self._leave()
        super().connection_lost(exc)

    @property
    def _answers(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _watch(self) -> None:
        if self._answers or self.transport.is_closing():
            self._rest()
        elif self._until is None:  # the first byte counts: the later ones win no time
            self._until = self.loop.call_later(self.head_within_s, self._close)

    def _rest(self) -> None:
        if self._until is not None:
            self._until.cancel()
            self._until = None

    def _close(self) -> None:
        self._until = None
        if not self._answers:
            self.transport.abort()
