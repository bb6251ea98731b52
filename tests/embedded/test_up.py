"""`make up` without its servers: who holds a home, what is done again, how programs are watched and shown."""

import os
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
from portal.embedded.home import BASE, Home
from portal.embedded.programs import Program, Programs
from portal.embedded.seeding import Seeding
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
    seeding = Seeding(place, Console(), {})
    (place.path / "done" / "estate").write_text("SCALE=1")
    monkeypatch.setenv("SCALE", "5")
    with pytest.raises(EmbeddedError, match=r"already holds SCALE=1.*make reset"):
        seeding._load()


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
