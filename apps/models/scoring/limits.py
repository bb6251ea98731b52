"""Bounds that hold before anything is read or computed: bytes, time, requests at once, and requests per second."""

import asyncio
import threading
import time

from fastapi import Request
from starlette.requests import ClientDisconnect

LARGEST_BODY = 64 * 1024
BODY_WITHIN_S = 5.0
JSON = "application/json"
MOST_AT_ONCE = 64
MOST_CALLERS = 1_000


class Bounded(Exception):
    """The request meets a bound; `status` and `retry_after_s` tell the caller what to do."""

    def __init__(self, status: int, reason: str, retry_after_s: int = 0) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.retry_after_s = retry_after_s


async def body_of(request: Request) -> bytes:
    """The whole body. Raises Bounded when it is too large or does not come."""
    try:
        async with asyncio.timeout(BODY_WITHIN_S):
            return await _read(request)
    except ClientDisconnect:
        # Nobody reads the answer; it is counted like any other, and the log holds no traceback of it.
        raise Bounded(400, "The connection ended before the request's body did.") from None
    except TimeoutError:
        raise Bounded(408, f"The request's body did not come within {BODY_WITHIN_S:g} s.") from None


async def _read(request: Request) -> bytes:
    too_large = Bounded(413, f"A request has at most {LARGEST_BODY:,} bytes.")
    kind = request.headers.get("content-type", JSON).partition(";")[0].strip().lower()
    if kind != JSON:
        raise Bounded(415, f"Send the request as {JSON}.")
    told = request.headers.get("content-length", "")
    if told.isdigit() and int(told) > LARGEST_BODY:
        raise too_large
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > LARGEST_BODY:
            raise too_large
        parts.append(part)
    return b"".join(parts)


class Rate:
    """So many requests a second per caller, and as many again in a burst."""

    def __init__(self, per_second: int) -> None:
        self._per_second = float(per_second)
        self._left: dict[int, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def take(self, caller: int) -> None:
        """Raises Bounded when this caller asks faster than it may."""
        now = time.monotonic()
        with self._lock:
            if len(self._left) >= MOST_CALLERS:
                self._left.clear()
            left, at = self._left.get(caller, (self._per_second * 2, now))
            left = min(left + (now - at) * self._per_second, self._per_second * 2)
            if left < 1:
                raise Bounded(429, f"At most {self._per_second:g} requests a second.", retry_after_s=1)
            self._left[caller] = (left - 1, now)
