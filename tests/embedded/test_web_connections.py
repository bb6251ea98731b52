"""The web process as `make up` starts it keeps no database connection for a request that is over. Under ASGI each
request may have a thread of its own: what a thread kept would never be used again, and PostgreSQL has a hundred."""

import socket
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.request import Request, urlopen

import psutil
import pytest
from django.conf import settings
from django.db import connection
from django.test import Client

from portal.accounts.models import User
from portal.embedded.home import BASE
from portal.embedded.up import programs_of

REQUESTS, THREADS, HANDFUL = 60, 30, 5
SETTLES_WITHIN_S = 5.0


@pytest.fixture
def web(live_db: None) -> Iterator[tuple[str, psutil.Process]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (program,) = [each for each in programs_of(port) if each.name == "web"]
    process = subprocess.Popen(program.command, cwd=BASE)
    try:
        until = time.monotonic() + 60
        while not answers(port):
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}", psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(10)


def answers(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def open_connections(process: psutil.Process) -> int:
    """Of this process, as PostgreSQL counts them: by the ports that they come from."""
    with connection.cursor() as cursor:
        cursor.execute("select client_port from pg_stat_activity where usename = current_user")
        ports = {port for (port,) in cursor.fetchall()}
    database = int(settings.DATABASES["default"]["PORT"])
    own = {each.laddr.port for each in process.net_connections() if each.raddr and each.raddr.port == database}
    return len(ports & own)


def test_sixty_requests_leave_a_handful_of_connections(web: tuple[str, psutil.Process], analyst: User) -> None:
    address, process = web
    client = Client()
    client.force_login(analyst)
    cookie = f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"

    def asked(_: int) -> int:
        """Who it is, and what they may know of: both stand in the database."""
        with urlopen(Request(f"{address}/api/pipelines/", headers={"Cookie": cookie}), timeout=60) as answer:
            assert b'"pipelines"' in answer.read()
            return int(answer.status)

    with ThreadPoolExecutor(THREADS) as pool:
        assert set(pool.map(asked, range(REQUESTS))) == {200}
    until = time.monotonic() + SETTLES_WITHIN_S
    while (left := open_connections(process)) > HANDFUL and time.monotonic() < until:
        time.sleep(0.1)  # PostgreSQL takes a moment to see that somebody has gone
    assert left <= HANDFUL
