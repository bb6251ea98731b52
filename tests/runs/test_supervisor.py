"""The program between a worker and a step's child: what it hears decides whether the child lives."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from portal.runs.process import SUPERVISOR
from tests.runs.processes import alive, eventually

Process = subprocess.Popen[bytes]


@pytest.fixture
def supervised() -> Iterator[Process]:
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", str(SUPERVISOR), "1", "1", "--", "sh", "-c", "echo $$; sleep 60"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    yield process
    process.kill()
    process.wait()


def child_of(process: Process) -> int:
    assert process.stdout is not None
    return int(process.stdout.readline())


def test_silence_kills_the_child(supervised: Process) -> None:
    child = child_of(supervised)
    assert supervised.wait(3) == 128 + signal.SIGKILL
    assert not alive(child)


def test_words_keep_it_alive_and_a_closed_pipe_kills_it_at_once(supervised: Process) -> None:
    child, pipe = child_of(supervised), supervised.stdin
    assert pipe is not None
    for _ in range(8):
        pipe.write(b".")
        pipe.flush()
        time.sleep(0.25)
    assert alive(child)
    pipe.close()
    assert supervised.wait(0.5) == 128 + signal.SIGKILL
    assert not alive(child)


def test_a_supervisor_that_is_killed_takes_the_child_with_it(supervised: Process) -> None:
    child = child_of(supervised)
    supervised.kill()
    eventually(lambda: not alive(child), 1)


def test_a_stop_is_a_term_first(supervised: Process) -> None:
    child_of(supervised)
    assert supervised.stdin is not None
    supervised.stdin.write(b"T")
    supervised.stdin.flush()
    assert supervised.wait(0.8) == 128 + signal.SIGTERM
