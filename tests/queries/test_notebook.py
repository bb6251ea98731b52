"""The function of docs/notebooks.md, run as it stands there, over real HTTP with a real worker behind it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.test.testcases import LiveServerThread

from portal.accounts.models import User
from portal.accounts.services import create_token
from portal.audit.types import Actor
from tests.runs.processes import Celery
from tests.vault import govern

DOCS = Path(__file__).resolve().parents[2] / "docs" / "notebooks.md"


@pytest.fixture
def address(live_db: None) -> Iterator[str]:
    server = LiveServerThread("127.0.0.1", StaticFilesHandler)
    server.daemon = True
    server.start()
    server.is_ready.wait()
    assert server.error is None
    yield f"http://127.0.0.1:{server.port}/"
    server.terminate()
    server.join()


@pytest.fixture(autouse=True)
def one_place(settings: Any) -> None:
    """The worker is another process: it writes where the environment says."""
    settings.RESULTS_DIR = settings.HOME / "results"


@pytest.fixture
def portico() -> Any:
    code = re.search(r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    assert code is not None
    space: dict[str, Any] = {}
    exec(compile(code[1], str(DOCS), "exec"), space)
    return space["portico"]


def test_it_brings_the_masked_answer(worker: Celery, address: str, portico: Any, analyst: User) -> None:
    govern("oltp")
    _, token = create_token(actor=Actor.of(analyst), user=analyst, name="notebook")
    text = "select id, email from customers where country = :country order by id"
    frame = portico(text, "oltp", address=address, token=token, parameters={"country": "GB"})
    assert frame["id"].to_list() == [1, 3]
    assert (frame["email"][0], bool(frame["email"].isna()[1])) == ("***@example.org", True)
    assert list(frame.attrs["masked"]) == ["email"]
    with pytest.raises(RuntimeError, match="email2"):
        portico("select email2 from customers", "oltp", address=address, token=token)
    with pytest.raises(RuntimeError, match=r"parameters\.country"):
        portico(text, "oltp", address=address, token=token)
    with pytest.raises(RuntimeError, match="unknown, expired or revoked"):
        portico(text, "oltp", address=address, token="unknown")
