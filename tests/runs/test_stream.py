"""The live log, from a real web server: lines while the step works, no database connection held between them."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from urllib.request import Request, urlopen

import psutil
import pytest
from django.conf import settings as portal
from django.test import Client

from portal.accounts.models import User
from portal.runs.claims import claim
from portal.runs.logs import write
from portal.runs.models import Run
from portal.runs.settle import settle
from portal.runs.types import Outcome
from portal.runs.verdicts import End, Verdict
from tests.runs.plans import start, step
from tests.runs.processes import ROOT, eventually


@pytest.fixture
def web(live_db: None) -> Iterator[tuple[str, psutil.Process]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "portal.asgi:application", "--port", str(port), "--log-level", "warning",
         "--timeout-graceful-shutdown", "1"],
        cwd=ROOT,
    )  # fmt: skip
    try:
        eventually(lambda: _answers(port), 30)
        yield f"http://127.0.0.1:{port}", psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(10)


def _answers(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def events(response) -> Iterator[tuple[str, str, dict[str, object]]]:  # type: ignore[no-untyped-def]
    """(id, event, data), comments left out."""
    found: dict[str, str] = {}
    for raw in response:
        line = raw.decode().rstrip("\n")
        if not line and "event" in found:
            yield found.get("id", ""), found["event"], json.loads(found["data"])
            found = {}
        elif line and not line.startswith(":"):
            name, _, value = line.partition(": ")
            found[name] = value


def say(run: Run, attempt: int, *texts: str) -> None:
    from django.utils import timezone

    write(run.pk, run.steps.get().pk, attempt, [(timezone.now(), "info", text) for text in texts])


def database_connections(web: psutil.Process) -> int:
    port = int(portal.DATABASES["default"]["PORT"])
    return sum(bool(c.raddr) and c.raddr.port == port and c.status == "ESTABLISHED" for c in web.net_connections())


def test_lines_stream_while_the_step_works_then_the_end_and_resume_after_the_last_one(
    web: tuple[str, psutil.Process], analyst: User
) -> None:
    address, process = web
    run = start(step("a", "trivial"), by=analyst)
    claimed = claim(run.steps.get().pk, worker="test")
    assert claimed is not None
    client = Client()
    client.force_login(analyst)
    headers = {"Cookie": "sessionid=" + client.cookies["sessionid"].value}

    say(run, 1, "one")
    with urlopen(Request(f"{address}/runs/{run.pk}/log/", headers=headers), timeout=20) as response:
        assert response.headers["Content-Type"] == "text/event-stream"
        stream = events(response)
        number, name, data = next(stream)
        assert (name, data["text"], data["step"], data["level"]) == ("line", "one", "a", "info")
        eventually(lambda: database_connections(process) == 0, 5)
        say(run, 1, "two", "three")
        assert [next(stream)[2]["text"] for _ in range(2)] == ["two", "three"]
        eventually(lambda: database_connections(process) == 0, 5)
        settle(claimed, Verdict(End.DONE, outcome=Outcome("")))
        assert next(stream)[1:] == ("end", {"state": "done"})
        assert list(stream) == []

    again = Request(f"{address}/runs/{run.pk}/log/", headers={**headers, "Last-Event-ID": number})
    with urlopen(again, timeout=20) as response:
        assert [data.get("text") for _, _, data in events(response)] == ["two", "three", None]


def test_a_line_of_html_stays_text(live_db: None, analyst: User) -> None:
    from portal.runs.stream import event

    sent = event("line", {"text": "</script>\n\nevent: end\ndata: {}"}, 7)
    assert sent.count(b"\n\n") == 1
    assert sent.endswith(b"\n\n")
