"""Connections that ask for nothing: over real sockets, with a limit of a third of a second."""

import asyncio
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, ClassVar

import pytest
import uvicorn

from apps.models.scoring.patience import Patient

MOST = 5
WHOLE = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"


class Impatient(Patient):
    head_within_s = 0.3
    most_each = 2
    most_of_others = 3
    _open: ClassVar[Counter[str]] = Counter()


async def slow(scope: Any, receive: Any, send: Any) -> None:
    """An answer that takes longer than a head may."""
    await asyncio.sleep(0.6 if scope["path"] == "/slow" else 0)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


@pytest.fixture
def port() -> Iterator[int]:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        config = uvicorn.Config(
            slow, http=Impatient, ws="none", lifespan="off", log_config=None, limit_concurrency=MOST
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([bound],))
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield bound.getsockname()[1]
        server.should_exit = True
        thread.join(5)


def opened(port: int, address: str = "127.0.0.1") -> socket.socket:
    """From an address of its own: all of 127/8 is this machine, and only the first counts as the service's own."""
    return socket.create_connection(("127.0.0.1", port), timeout=3, source_address=(address, 0))


def told(sender: socket.socket, what: bytes = WHOLE) -> bytes:
    sender.sendall(what)
    return sender.recv(4096)[:12]


def ends_within(sender: socket.socket, seconds: float, drip: bytes) -> bool:
    """Whether the other side closes it, although something comes all the time."""
    sender.settimeout(0.05)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            sender.sendall(drip)
            if sender.recv(4096) == b"":
                return True
        except TimeoutError:
            continue
        except OSError:
            return True
    return False


def test_half_open_connections_keep_nobody_out_for_long(port: int) -> None:
    with ExitStack() as stack:
        for number in range(MOST):
            half = stack.enter_context(opened(port))
            half.sendall(WHOLE[: number * 5])
        with opened(port) as first:
            assert told(first) == b"HTTP/1.1 503"
        time.sleep(0.6)
        with opened(port) as second:
            assert told(second) == b"HTTP/1.1 200"


@pytest.mark.parametrize("before", [b"", WHOLE, b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 9000\r\n\r\n"])
def test_dripping_wins_no_time(before: bytes, port: int) -> None:
    """The head of the first request, of the next, and a body that comes after its answer."""
    with opened(port) as dripping:
        if before:
            assert told(dripping, before) == b"HTTP/1.1 200"
        assert ends_within(dripping, 1.5, b"x")


def is_closed(sender: socket.socket) -> bool:
    try:
        sender.sendall(WHOLE)
        return sender.recv(4096) == b""
    except OSError:
        return True


def test_one_address_cannot_keep_the_others_out(port: int) -> None:
    """However fast it opens new ones: with three more than its share there is still room for somebody else."""
    with ExitStack() as stack:
        mine = [stack.enter_context(opened(port, "127.0.0.7")) for _ in range(5)]
        assert [is_closed(each) for each in mine[2:]] == [True, True, True]
        assert told(stack.enter_context(opened(port, "127.0.0.8"))) == b"HTTP/1.1 200"
        assert told(mine[0]) == b"HTTP/1.1 200"
        assert is_closed(stack.enter_context(opened(port, "127.0.0.7")))
    time.sleep(0.1)
    assert Impatient._open.total() == 0
    with opened(port, "127.0.0.7") as again:
        assert told(again) == b"HTTP/1.1 200"


def test_many_addresses_leave_room_for_the_portal_beside_it(port: int) -> None:
    with ExitStack() as stack:
        others = [stack.enter_context(opened(port, f"127.0.0.{number}")) for number in range(10, 15)]
        assert [is_closed(each) for each in others] == [False] * 3 + [True] * 2
        assert told(stack.enter_context(opened(port))) == b"HTTP/1.1 200"


def test_who_asks_is_waited_for(port: int) -> None:
    """A slow answer is no slow head, and a connection that is kept may rest between two requests."""
    with opened(port) as asking:
        assert told(asking, WHOLE.replace(b"/ ", b"/slow ")) == b"HTTP/1.1 200"
        time.sleep(0.6)
        assert told(asking) == b"HTTP/1.1 200"
