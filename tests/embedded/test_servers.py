"""Servers of one home: start, stop, ports, secrets, and what a killed start leaves behind."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from portal.embedded import process
from portal.embedded.errors import EmbeddedError
from portal.embedded.home import BASE
from portal.embedded.privileges import may_pass
from portal.embedded.servers import Embedded

CHILD = """
import sys, time
from pathlib import Path
from portal.embedded.servers import Embedded
Embedded(Path(sys.argv[1]), for_tests=True).start(*sys.argv[2:])
print("up", flush=True)
time.sleep(60)
"""


def started_elsewhere(home: Path, *parts: str) -> subprocess.Popen[str]:
    """Another process that started these servers and watches them."""
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(home), *parts], cwd=BASE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline().strip() == "up"
    return child


def until(true: object, seconds: float = 10) -> bool:
    assert callable(true)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.05)
    return False


def test_addresses_and_secrets_are_made_once_and_only_their_owner_reads_them(home: Path) -> None:
    first = Embedded(home).prepare()
    again = Embedded(home).prepare()
    assert first == again
    for name in ("env.json", "state.json"):
        assert stat.S_IMODE((home / name).stat().st_mode) == 0o600
    assert json.loads((home / "env.json").read_text()) == first
    assert len(bytes.fromhex(first["PORTICO_AUDIT_SIGNING_KEY"])) == 32


def test_two_homes_share_no_secret(tmp_path: Path) -> None:
    one, other = Embedded(tmp_path / "a").prepare(), Embedded(tmp_path / "b").prepare()
    assert not set(one.values()) & set(other.values())


def test_starting_twice_starts_once_and_stopping_twice_stops_once(home: Path) -> None:
    servers = Embedded(home, for_tests=True)
    servers.start("valkey")
    pid = servers.status()["valkey"].pid
    servers.start("valkey")
    assert servers.status()["valkey"].pid == pid
    servers.stop()
    servers.stop()
    assert not servers.status()["valkey"].running


def test_a_busy_port_is_left_to_whoever_has_it(home: Path) -> None:
    servers = Embedded(home, for_tests=True)
    servers.prepare()
    wanted = servers.status()["valkey"].port
    with socket.socket() as other:
        other.bind(("127.0.0.1", wanted))
        other.listen()
        servers.start("valkey")
        status = servers.status()["valkey"]
    assert status.answers
    assert status.port != wanted
    assert f":{status.port}/" in servers.prepare()["PORTICO_BROKER_URL"]


def test_a_moved_mongo_set_is_told_its_new_address(home: Path) -> None:
    servers = Embedded(home, for_tests=True)
    servers.start("mongo")
    servers.stop()
    with socket.socket() as other:
        other.bind(("127.0.0.1", servers.status()["mongo"].port))
        servers.start("mongo")
    assert servers.status()["mongo"].answers


def test_servers_die_with_whoever_started_them(home: Path) -> None:
    child = started_elsewhere(home, "valkey")
    running = process.read(home / "run" / "valkey.json")
    assert running
    child.kill()
    child.wait()
    assert until(lambda: not running.alive)


def test_postgres_is_taken_over_after_its_parent_was_killed(home: Path) -> None:
    child = started_elsewhere(home, "postgres")
    child.kill()
    child.wait()
    servers = Embedded(home, for_tests=True)
    servers.start("postgres")
    assert servers.status()["postgres"].answers


def test_a_leftover_that_survived_its_parent_is_ended_not_adopted(home: Path) -> None:
    """The kernel's signal may come late or be lost: stand in for that with a server that nobody owns."""
    servers = Embedded(home, for_tests=True)
    servers.start("valkey")
    file = home / "run" / "valkey.json"
    about = json.loads(file.read_text())
    file.write_text(json.dumps({**about, "owner": 2**22, "owner_started": "1"}))
    Embedded(home, for_tests=True).start("valkey")
    found = process.read(file)
    assert found is not None
    assert found.pid != about["pid"]


def test_somebody_elses_process_with_a_remembered_pid_is_left_alone(home: Path) -> None:
    """Pids are used again: only the one that started at the remembered moment is ours."""
    servers = Embedded(home, for_tests=True)
    servers.prepare()
    innocent = subprocess.Popen(["sleep", "30"])
    try:
        remembered = {"pid": innocent.pid, "started": "1", "owner": 1, "owner_started": "1"}
        (home / "run" / "valkey.json").write_text(json.dumps(remembered))
        servers.stop("valkey")
        assert innocent.poll() is None
    finally:
        innocent.kill()
        innocent.wait()


def test_a_server_of_another_living_start_is_used_as_it_is(home: Path) -> None:
    child = started_elsewhere(home, "valkey")
    try:
        pid = process.read(home / "run" / "valkey.json")
        Embedded(home, for_tests=True).start("valkey")
        assert process.read(home / "run" / "valkey.json") == pid
    finally:
        child.send_signal(signal.SIGTERM)
        child.wait()


def test_what_cannot_start_says_so_and_leaves_nothing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    servers = Embedded(home, for_tests=True)
    servers.prepare()
    monkeypatch.setattr("portal.embedded.valkey.CONFIG", "no-such-setting yes\n{port}{password}{folder}")
    with pytest.raises(EmbeddedError, match=r"valkey ended with code 1.*valkey\.log"):
        servers.start("valkey")
    assert not any(status.running for status in servers.status().values())


@pytest.mark.skipif(os.getuid() != 0, reason="only root is refused by PostgreSQL")
@pytest.mark.parametrize("mode", [0o700, 0o755])
def test_started_by_root_in_a_folder_that_only_root_may_enter_and_in_an_open_one(mode: int) -> None:
    place = Path("/var/tmp") / f"portico-test-{os.getpid()}-{mode:o}"  # pytest's own folders are closed
    place.mkdir(mode=mode)
    servers = Embedded(place / "home", for_tests=True)
    try:
        servers.start("postgres")
        status = servers.status()["postgres"]
        inside = (Path("/proc") / str(status.pid) / "status").read_text()
        uid = next(line.split()[1] for line in inside.splitlines() if line.startswith("Uid:"))
        assert status.answers
        # Where nobody cannot enter (this checkout may stand in such a place, too): root, in a namespace of its own.
        assert uid == ("65534" if mode == 0o755 and may_pass(BASE) else "0")
    finally:
        servers.stop()
        subprocess.run(["rm", "-rf", str(place)], check=True)


def test_a_log_is_rotated_by_size_while_its_server_writes_on(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    with log.open("ab") as server:
        server.write(b"a" * 100)
        server.flush()
        process.rotate(log, limit=50)
        server.write(b"b")
        server.flush()
    assert log.read_bytes() == b"b"
    assert (tmp_path / "x.log.1").read_bytes() == b"a" * 100
