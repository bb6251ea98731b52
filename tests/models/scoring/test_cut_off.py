"""An MLflow that answers badly: over a real socket, byte by byte."""

import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.utils import timezone

from apps.models.scoring import artifact
from apps.models.scoring.artifact import Unloadable
from apps.models.types import Serving

Says = Callable[[bytes], None]
APPROVED = Serving(
    "fetched", 1, 1, "r", "m", "mlflow-artifacts:/1/model", "3" * 64, {"AMOUNT": "double"}, 0.5, 1, 1,
    timezone.now(), "max",
)  # fmt: skip


@pytest.fixture
def says(settings: Any, tmp_path: Any) -> Iterator[Says]:
    """Whatever it is asked for, it says these bytes and hangs up."""
    settings.HOME = tmp_path
    with socket.create_server(("127.0.0.1", 0)) as server:
        settings.TRACKING_URL = f"http://127.0.0.1:{server.getsockname()[1]}"

        def once(answer: bytes) -> None:
            caller, _ = server.accept()
            with caller:
                caller.recv(4096)
                caller.sendall(answer)

        yield lambda answer: threading.Thread(target=once, args=(answer,), daemon=True).start()


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (b'HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{"files": []}', "cut off"),
        (b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n90\r\n{"files": []}', "cut off"),
        (b"what is this\r\n\r\n", "does not answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n<ht>", "no list"),
    ],
)
def test_an_answer_that_is_not_whole_is_no_other_file(answer: bytes, told: str, says: Says) -> None:
    says(answer)
    with pytest.raises(Unloadable, match=told):
        artifact.files_of(APPROVED)


def test_a_whole_answer_is_taken(says: Says) -> None:
    says(b'HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{"files": []}')
    with pytest.raises(Unloadable, match="fingerprint"):
        artifact.files_of(APPROVED)
