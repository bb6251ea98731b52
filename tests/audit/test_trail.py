"""Whoever changes, removes, reorders or cuts off an event is found; who writes is never kept waiting.

The attacker here owns the database: every change is made as the owner, because the portal's own account cannot.
"""

import threading
import uuid
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, connection, connections, transaction
from pytest_django import Settings

from portal.audit import sequencer
from portal.audit.actions import Action
from portal.audit.models import Event, Leaf, TreeHead
from portal.audit.services import digest, record
from portal.audit.types import Actor, Target
from portal.audit.verify import prove, verify

CLOCK = Actor.system("clock")


def write(name: str = "42") -> Event:
    with transaction.atomic():
        return record(actor=CLOCK, action=Action.SOURCE_SYNCED, target=Target("source", name), detail={"rows": 7})


def tamper(statement: str, *params: object) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute(statement, params)


@pytest.fixture(autouse=True)
def heads_file(settings: Settings, tmp_path: Path) -> Path:
    settings.AUDIT_HEADS_FILE = tmp_path / "heads.jsonl"
    return settings.AUDIT_HEADS_FILE


@pytest.fixture
def trail(live_db: None) -> list[Event]:
    """Seven events under two signed heads."""
    first = [write(str(number)) for number in range(4)]
    sequencer.sequence()
    rest = [write(str(number)) for number in range(4, 7)]
    sequencer.sequence()
    return first + rest


def test_an_untouched_trail_holds(trail: list[Event]) -> None:
    report = verify()
    assert report.ok, report.problems
    assert (report.events, report.heads, report.pending) == (7, 2, 0)


def test_a_changed_event_is_found(trail: list[Event]) -> None:
    tamper("UPDATE audit_event SET payload = replace(payload, '\"rows\":7', '\"rows\":8') WHERE id = %s", trail[2].id)
    assert any("root that was signed" in problem for problem in verify().problems)


def test_a_column_changed_beside_the_sealed_text_is_found(trail: list[Event]) -> None:
    tamper("UPDATE audit_event SET actor_name = 'somebody else' WHERE id = %s", trail[3].id)
    assert [problem for problem in verify().problems if "its actor was changed" in problem]


def test_a_removed_event_is_found(trail: list[Event]) -> None:
    tamper("DELETE FROM audit_event WHERE id = %s", trail[5].id)
    assert any("it was removed" in problem for problem in verify().problems)


def test_an_event_removed_with_its_leaf_is_found(trail: list[Event]) -> None:
    tamper("DELETE FROM audit_event WHERE id = %s", trail[1].id)
    tamper("DELETE FROM audit_leaf WHERE event_id = %s", trail[1].id)
    assert any("is missing" in problem for problem in verify().problems)


def test_reordered_events_are_found(trail: list[Event]) -> None:
    first, second = Leaf.objects.order_by("index").values_list("event_id", flat=True)[:2]
    for event, index in ((uuid.uuid4(), 0), (first, 1), (second, 0)):
        tamper('UPDATE audit_leaf SET event_id = %s WHERE "index" = %s', event, index)
    assert any("root that was signed" in problem for problem in verify().problems)


def test_a_cut_end_is_found_by_the_file_outside_the_database(trail: list[Event]) -> None:
    tamper('DELETE FROM audit_event WHERE id IN (SELECT event_id FROM audit_leaf WHERE "index" >= 4)')
    tamper('DELETE FROM audit_leaf WHERE "index" >= 4')
    tamper("DELETE FROM audit_treehead WHERE size > 4")
    assert any("events were cut off" in problem for problem in verify().problems)


def test_a_forged_head_is_found(trail: list[Event]) -> None:
    tamper("UPDATE audit_treehead SET root = %s WHERE size = 7", "0" * 64)
    assert any("wrong signature" in problem for problem in verify().problems)


def test_a_lost_file_is_said(trail: list[Event], heads_file: Path) -> None:
    heads_file.unlink()
    assert any("cannot be compared" in problem for problem in verify().problems)


def test_a_broken_line_of_the_file_is_named(trail: list[Event], heads_file: Path) -> None:
    heads_file.write_text(heads_file.read_text() + "{half a li")
    assert any("line 3" in problem for problem in verify().problems)


def test_one_event_is_proved_and_a_changed_one_is_not(trail: list[Event]) -> None:
    proof = prove(str(trail[4].id))
    assert proof.holds()
    assert proof.index == 4
    tamper("UPDATE audit_event SET payload = payload || ' ' WHERE id = %s", trail[4].id)
    assert not prove(str(trail[4].id)).holds()


def test_an_event_that_commits_late_gets_a_later_leaf(live_db: None) -> None:
    """A slow writer holds its event back while others commit and are sequenced: nobody waits, nothing is lost."""
    written, release = threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            record(actor=CLOCK, action=Action.SOURCE_SYNCED, target=Target("source", "slow"))
            written.set()
            release.wait(10)
        connection.close()

    thread = threading.Thread(target=slow)
    thread.start()
    assert written.wait(10)
    write("quick")
    assert sequencer.sequence() == 1
    release.set()
    thread.join()
    assert sequencer.pending() == 1
    assert sequencer.sequence() == 1
    assert list(Leaf.objects.order_by("index").values_list("event__target_id", flat=True)) == ["quick", "slow"]
    assert verify().ok


def test_the_file_catches_up_with_heads_it_missed(live_db: None, heads_file: Path) -> None:
    write()
    sequencer.sequence()
    heads_file.unlink()
    write()
    sequencer.sequence()
    assert len(heads_file.read_text().splitlines()) == TreeHead.objects.count() == 2


@pytest.mark.parametrize("table", ["audit_event", "audit_leaf", "audit_node", "audit_treehead"])
@pytest.mark.parametrize("verb", ["DELETE FROM {}", "TRUNCATE {}", "UPDATE {} SET {} = {}", "DROP TABLE {}"])
def test_the_account_of_web_and_workers_cannot_rewrite_the_trail(db: None, table: str, verb: str) -> None:
    column = {"audit_event": "payload", "audit_treehead": "root"}.get(table, '"index"')
    with connection.cursor() as cursor, pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
        cursor.execute(verb.format(table, column, column))


def test_an_event_outside_a_transaction_is_refused(live_db: None) -> None:
    with pytest.raises(RuntimeError, match="inside the transaction"):
        record(actor=CLOCK, action=Action.SOURCE_SYNCED, target=Target("source", "1"))


def test_a_change_that_rolls_back_takes_its_event_along(live_db: None) -> None:
    with transaction.atomic():
        record(actor=CLOCK, action=Action.SOURCE_SYNCED, target=Target("source", "1"))
        transaction.set_rollback(True)
    assert Event.objects.count() == 0


def test_a_personal_value_is_known_by_its_keyed_digest_only(settings: Settings) -> None:
    first = digest("ana@example.com")
    settings.AUDIT_DIGEST_KEY = "cd" * 32
    assert first != digest("ana@example.com")


def test_the_command_says_that_it_holds(trail: list[Event], capsys: pytest.CaptureFixture[str]) -> None:
    call_command("audit_verify")
    assert "7 events, 2 signed heads, 0 not yet sequenced" in capsys.readouterr().out


def test_the_command_fails_on_a_finding(trail: list[Event]) -> None:
    tamper("DELETE FROM audit_event WHERE id = %s", trail[0].id)
    with pytest.raises(CommandError, match="does not hold"):
        call_command("audit_verify")


def test_the_command_proves_one_event(trail: list[Event], capsys: pytest.CaptureFixture[str]) -> None:
    call_command("audit_verify", event=str(trail[6].id))
    assert "the proof holds" in capsys.readouterr().out


@pytest.mark.parametrize("event", ["nonsense", "00000000-0000-4000-8000-000000000000"])
def test_the_command_says_that_an_event_is_unknown(trail: list[Event], event: str) -> None:
    with pytest.raises(CommandError, match="is not in the tree"):
        call_command("audit_verify", event=event)
