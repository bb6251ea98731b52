"""`make up` without its servers: who holds a home, what is done again, how programs are watched and shown."""

import errno
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from portal.embedded import bootstrap, claim, commands, up
from portal.embedded.console import Console
from portal.embedded.errors import EmbeddedError
from portal.embedded.home import BASE, Home, port_is_free, write_whole
from portal.embedded.programs import Program, Programs
from portal.embedded.seeding import Payments, Seeding
from portal.embedded.servers import Embedded
from portal.embedded.stamps import Stamp, fingerprint

HOLDER = """
import sys, time
from pathlib import Path
from portal.embedded import claim
from portal.embedded.home import Home
handle = claim.take(Home(Path(sys.argv[1])), address="http://127.0.0.1:8000/")
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture
def place(tmp_path: Path) -> Home:
    found = Home(tmp_path / "home")
    found.make()
    return found


@contextmanager
def held(place: Home) -> Iterator[subprocess.Popen[str]]:
    child = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(place.path)], cwd=BASE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout is not None
        assert child.stdout.readline().strip() == "held"
        yield child
    finally:
        child.kill()
        child.wait()


def test_a_second_start_is_told_who_holds_the_home(place: Home) -> None:
    with held(place) as child:
        message = rf"already running .*process {child.pid}, since .* at http://127.0.0.1:8000/.*make down"
        with pytest.raises(EmbeddedError, match=message):
            claim.take(place, address="http://127.0.0.1:8001/")


def test_a_killed_holder_holds_nothing(place: Home) -> None:
    with held(place):
        pass
    assert claim.holder(place) is None
    os.close(claim.take(place, address="http://127.0.0.1:8000/"))


def test_down_stops_the_holder_and_says_when_there_is_none(place: Home) -> None:
    with held(place) as child:
        assert claim.stop(place)
        assert child.wait(5) == -15
    assert not claim.stop(place)


def test_the_lock_is_handed_on_through_exec(place: Home) -> None:
    """The second half of `make up` replaces the first: nobody may slip in between."""
    handle = claim.take(place, address="http://127.0.0.1:8000/")
    claim.hand_on(handle)
    again = claim.take(place, address="http://127.0.0.1:8000/")
    assert again == handle
    assert not os.get_inheritable(handle)
    os.close(handle)


def test_a_step_is_done_again_only_when_its_inputs_changed(tmp_path: Path) -> None:
    source = tmp_path / "lock.txt"
    source.write_text("a==1")
    Stamp(tmp_path / "stamp", fingerprint(source)).press()
    assert Stamp(tmp_path / "stamp", fingerprint(source)).fresh
    source.write_text("a==2")
    assert not Stamp(tmp_path / "stamp", fingerprint(source)).fresh


def test_a_failing_command_says_its_last_words(capsys: pytest.CaptureFixture[str]) -> None:
    said: list[str] = []
    with pytest.raises(EmbeddedError, match=r"ended with code 3:\n    the reason"):
        commands.run([sys.executable, "-c", "print('the reason'); raise SystemExit(3)"], report=said.append)
    assert said == ["the reason\n"]


def test_a_step_shows_how_it_ended(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console()
    with console.step("One") as report:
        report("= unchanged")
    with pytest.raises(EmbeddedError), console.step("Two"):
        raise EmbeddedError("no")
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines] == [["One", "unchanged"], ["Two", "FAILED"]]


def test_a_full_disk_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedError, match=r"has \d+ MB left and 999999999 MB are needed"):
        bootstrap.require_space(tmp_path / "not" / "there" / "yet", 999_999_999)


@pytest.mark.parametrize("given", ["abc", "0", "70000"])
def test_a_port_that_is_none_is_refused(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", given)
    with pytest.raises(EmbeddedError, match="PORT must be"):
        up.port()


def test_other_data_than_what_is_loaded_is_refused(place: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    Seeding(place, Console(), {})
    place.loaded.write_text("SCALE=1")
    monkeypatch.setenv("SCALE", "5")
    with pytest.raises(EmbeddedError, match=r"already holds SCALE=1.*make reset"):
        Payments.wanted().check(place)


@pytest.mark.parametrize("given", ["many", "0", "-1", "nan", "1001"])
def test_a_scale_that_is_none_is_refused(given: str, place: Home) -> None:
    with pytest.raises(EmbeddedError, match="SCALE must be a number"):
        Payments("", given).check(place)


def start(home: Path, **env: str) -> tuple[int, str]:
    """`make up`, of which the tests see no more than what it refuses before it starts anything."""
    done = subprocess.run(
        [sys.executable, "-m", "portal.embedded.up"],
        cwd=BASE, env={**os.environ, "PORTICO_HOME": str(home), **env}, capture_output=True, text=True, timeout=20,
        check=False,
    )  # fmt: skip
    assert done.stderr == ""
    return done.returncode, done.stdout.strip()


def test_a_folder_of_data_that_lacks_files_is_named_before_anything_starts(tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(BASE / "tests" / "estate" / "olist_small", data)
    Payments(str(data), "").check(Home(tmp_path / "home"))
    (data / "olist_orders_dataset.csv").unlink()
    (data / "olist_sellers_dataset.csv").unlink()
    code, said = start(tmp_path / "home", DATA=str(data))
    assert code == 1
    assert said == (
        f"Portico did not start: DATA is not the Olist sample: {data} has no file olist_sellers_dataset.csv, "
        "olist_orders_dataset.csv."
    )
    assert not (tmp_path / "home").exists()


def test_a_busy_port_is_named_before_anything_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = str(taken.getsockname()[1])
        code, said = start(tmp_path / "home", PORT=number)
    assert code == 1
    assert said.startswith(f"Portico did not start: port {number} is busy")
    assert not (tmp_path / "home" / "env.json").exists()


def test_a_program_that_dies_is_started_again_and_its_lines_are_shown(
    place: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    programs = Programs(place, Console(), {"PYTHONUNBUFFERED": "1"})
    programs.start(Program("web", (sys.executable, "-c", "print('hello'); raise SystemExit(7)"), 1))
    try:
        deadline = time.monotonic() + 10
        shown = ""
        while shown.count("hello") < 2 and time.monotonic() < deadline:
            programs.look()
            time.sleep(0.05)
            shown += capsys.readouterr().out
    finally:
        programs.stop("web")
    assert "web      | hello" in shown
    assert "up       | web ended (code 7); starting it again in 1 s" in shown
    assert (place.logs / "web.log").read_text().startswith("hello\n")


def test_a_disk_that_fills_up_is_named_whoever_meets_it(place: Home) -> None:
    """In one line, also where a server said it in many words of its own."""
    for error in (
        OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(place.state_file)),
        EmbeddedError('PostgreSQL could not be prepared: ERROR: could not extend file "1/2": No space left on device'),
    ):
        said = str(up.explained(error, place))
        assert re.fullmatch(rf"the disk of {place.path} is full \(\d+ MB left\)\. .*Free 3000 MB, then run .*", said)
    assert str(up.explained(EmbeddedError("another reason"), place)) == "another reason"


def test_a_server_whose_file_cannot_be_written_does_not_stay(place: Home) -> None:
    """The disk is full between the start of a process and the note that it runs."""
    servers = Embedded(place.path)
    servers.prepare()
    (place.run / f"valkey.{os.getpid()}.new").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left") as failed:
        servers.start("valkey")
    assert failed.value.errno == errno.ENOSPC
    assert servers.status()["valkey"].running is False
    assert not list(place.run.glob("*.new"))
    port = int(place.read_state()["ports"]["valkey"])
    assert port_is_free(port)
    servers.start("valkey")
    assert servers.status()["valkey"].answers
    servers.stop()


def test_a_program_goes_on_when_its_log_cannot_be_written(place: Home, capsys: pytest.CaptureFixture[str]) -> None:
    (place.logs / "web.log").symlink_to("/dev/full")
    programs = Programs(place, Console(), {"PYTHONUNBUFFERED": "1"})
    script = "import time\nfor n in range(20): print('line', n); time.sleep(0.01)\ntime.sleep(60)"
    programs.start(Program("web", (sys.executable, "-c", script), 1))
    shown = ""
    try:
        deadline = time.monotonic() + 10
        while "line 19" not in shown and time.monotonic() < deadline:
            time.sleep(0.05)
            shown += capsys.readouterr().out
        assert programs.dead("web") is None
    finally:
        programs.stop("web")
    assert "web      | line 19" in shown


def test_half_a_mark_is_never_left(place: Home) -> None:
    place.done.mkdir()
    place.loaded.with_suffix(f".{os.getpid()}.new").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left"):
        write_whole(place.loaded, "SCALE=1")
    assert not list(place.done.iterdir())


def test_an_environment_of_another_python_is_not_taken_for_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    assert not bootstrap.of_this_python(tmp_path)
    python.symlink_to(sys.executable)
    assert bootstrap.of_this_python(tmp_path)
    monkeypatch.setattr(sys, "version", "3.11.0 (another build)")
    assert not bootstrap.of_this_python(tmp_path)
