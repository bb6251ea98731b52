"""How long a connection may be open without asking for anything: else a few hundred of them keep everybody out."""

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_WITHIN_S = 10.0


class Patient(H11Protocol):
    """Closes a connection whose request line and headers are not there in time, however slowly they drip.

    From the connection, or from the first byte after an answer; between the two uvicorn's own keep-alive counts. What
    still comes of a body after its answer is bounded by the same.
    """

    head_within_s = HEAD_WITHIN_S
    _until: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._rest()
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
