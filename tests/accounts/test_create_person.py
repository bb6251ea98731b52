"""`manage.py create_person`: how somebody gets in where nobody is yet."""

import io
import os
import pty
import subprocess
import sys

import pytest
from django.core.management import CommandError, call_command

from portal.accounts.models import User
from portal.audit.models import Event
from portal.embedded.home import BASE

PASSWORD = "clear-river-7-stones"


def piped(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))


def test_the_first_administrator_is_made_and_told_of_without_the_password(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    piped(monkeypatch, f"{PASSWORD}\n")
    out = io.StringIO()
    call_command("create_person", "root.one", "--role", "administrator", "--full-name", "Ada Example", stdout=out)
    ada = User.objects.get(username="root.one")
    assert ada.check_password(PASSWORD)
    assert list(ada.groups.values_list("name", flat=True)) == ["administrator"]
    assert out.getvalue() == "root.one may sign in (administrator).\n"
    events = Event.objects.filter(target_id=str(ada.pk))
    assert set(events.values_list("action", flat=True)) == {"accounts.user_created", "accounts.role_granted"}
    assert not events.filter(payload__contains=PASSWORD).exists()
    assert {event.actor_name for event in events} == {"create_person"}


@pytest.mark.parametrize(
    ("name", "typed", "why"),
    [
        ("ada", "password\n", "too common"),
        ("ada", "\n", "too short"),
        ("ada", "", "too short"),
        ("a b", f"{PASSWORD}\n", "valid username"),
    ],
)
def test_who_is_not_made(db: None, monkeypatch: pytest.MonkeyPatch, name: str, typed: str, why: str) -> None:
    piped(monkeypatch, typed)
    with pytest.raises(CommandError, match=why):
        call_command("create_person", name)
    assert not User.objects.filter(username=name).exists()


def test_somebody_who_is_there_keeps_their_password(analyst: User, monkeypatch: pytest.MonkeyPatch) -> None:
    piped(monkeypatch, f"{PASSWORD}\n")
    with pytest.raises(CommandError, match="already"):
        call_command("create_person", "ana", "--role", "administrator")
    analyst.refresh_from_db()
    assert not analyst.check_password(PASSWORD)
    assert not analyst.groups.filter(name="administrator").exists()


def test_a_terminal_is_asked_twice_and_shows_nothing(live_db: None) -> None:
    master, slave = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "manage.py", "create_person", "pia"], cwd=BASE, stdin=slave, stdout=slave, stderr=slave,
        start_new_session=True,
    )  # fmt: skip
    os.close(slave)
    shown = until(master, "Password: ")
    os.write(master, f"{PASSWORD}\n".encode())
    shown += until(master, "again: ")
    os.write(master, b"another one\n")
    shown += until(master, "nobody was created")
    assert child.wait(20) == 1
    os.close(master)
    assert PASSWORD not in shown
    assert not User.objects.filter(username="pia").exists()


def until(terminal: int, words: str) -> str:
    shown = ""
    while words not in shown:
        shown += os.read(terminal, 1000).decode()
    return shown
