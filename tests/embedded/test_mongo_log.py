"""mongod's log tells of the server, and nothing of what it was asked or of what it keeps."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from portal.embedded import mongo_log
from portal.stores import open_store
from portal.stores.types import Command, Documents, StoreError
from tests.embedded.test_servers import until
from tests.servers import servers


def test_a_failing_query_leaves_neither_value_nor_text_in_the_log(mongo: None) -> None:
    log = servers.home.logs / "mongo.log"
    open_store("documents", "owner").execute(Command({"insert": "spilled", "documents": [{"email": "kanarie-stored"}]}))
    pipeline = ({"$match": {"x": {"$ne": "kanarie-typed"}}}, {"$project": {"n": {"$toInt": "$email"}}})
    with pytest.raises(StoreError), open_store("documents", "gate").read(Documents("spilled", pipeline)) as rows:
        list(rows)
    assert until(lambda: "xecutor error" in log.read_text()), log.read_text()[-6000:]
    assert "kanarie" not in log.read_text()
    assert "Waiting for connections" in log.read_text()


def kept(*lines: str) -> list[str]:
    keep = mongo_log.Filter()
    return [keep.line(line.encode() + b"\n").decode() for line in lines]


def told(component: str) -> str:
    return json.dumps({"t": {}, "s": "I", "c": component, "id": 1, "ctx": "a", "msg": "m", "attr": {"doc": "kanarie"}})


@pytest.mark.parametrize("component", ["COMMAND", "QUERY", "WRITE", "STORAGE", "INDEX", "-", "NEW"])
def test_what_may_quote_data_keeps_its_sentence_only(component: str) -> None:
    assert "kanarie" not in kept(told(component))[0]
    assert json.loads(kept(told(component))[0])["msg"] == "m"


def test_the_server_itself_is_told_in_full() -> None:
    assert "kanarie" in kept(told("NETWORK"))[0]


def test_plain_words_are_kept_until_the_log_begins() -> None:
    assert kept("no such option", told("CONTROL"), "kanarie")[::2] == ["no such option\n", ""]


def test_it_ends_with_its_input() -> None:
    program = [sys.executable, "-I", "-S", str(Path(mongo_log.__file__))]
    done = subprocess.run(program, input=b"hello\n", capture_output=True, timeout=20, check=True)
    assert done.stdout == b"hello\n"
