"""`/healthz` and `manage.py doctor`: each component by itself, quickly, and no addresses for strangers."""

import io
import os
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from portal.accounts.models import User
from portal.desk import health, strip
from portal.embedded import claim
from portal.runs.health import beat
from tests.servers import servers

COMPONENTS = {"portal_db", "oltp", "documents", "warehouse", "broker", "worker", "scheduler"}
FOLLOWERS = {"tracking", "scoring"}  # programs of their own, which the tests of this file do not start


@pytest.fixture
def all_up(live_db: None, mongo: None, warehouse: None) -> Iterator[None]:
    beat("worker", "w1")
    beat("scheduler", "s1")
    yield
    servers.start("warehouse")


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch, settings) -> None:  # type: ignore[no-untyped-def]
    # Where nothing can listen: the ports that were free when the addresses were chosen may be somebody's by now.
    settings.TRACKING_URL = settings.SCORING_URL = "http://127.0.0.1:9"
    monkeypatch.setattr(health, "board", health.Board())


def ask(client: Client) -> tuple[int, dict[str, Any]]:
    answer = client.get("/healthz")
    return answer.status_code, answer.json()["components"]


def test_all_is_well_and_a_stranger_learns_no_more_than_that(all_up: None, client: Client) -> None:
    code, components = ask(client)
    started = {name: {"status": "ok"} for name in COMPONENTS}
    assert components == started | {name: {"status": "starting"} for name in FOLLOWERS}
    assert code == 200


def test_who_is_signed_in_sees_versions_and_no_address(all_up: None, client: Client, analyst: User) -> None:
    client.force_login(analyst)
    _, components = ask(client)
    assert components["portal_db"]["version"].startswith("PostgreSQL 18")
    assert components["documents"]["version"].startswith("MongoDB 6")
    assert components["broker"]["version"].startswith("Valkey 9")
    assert "fakesnow" in components["warehouse"]["version"]
    assert all(component["since"] for component in components.values())
    assert "127.0.0.1" not in str(components)


def test_a_store_that_is_down_is_the_only_one_that_is(all_up: None, client: Client) -> None:
    servers.stop("warehouse")
    started = time.monotonic()
    code, components = ask(client)
    assert code == 503
    assert {name for name, state in components.items() if state["status"] == "down"} == {"warehouse"}
    assert time.monotonic() - started < 6


def test_without_worker_and_scheduler_it_is_not_well(
    live_db: None, mongo: None, warehouse: None, client: Client
) -> None:
    code, components = ask(client)
    assert code == 503
    assert components["worker"]["status"] == components["scheduler"]["status"] == "down"


def test_tracking_may_follow_by_a_minute_and_is_down_afterwards(
    all_up: None, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, components = ask(client)
    assert (code, components["tracking"]["status"]) == (200, "starting")
    late = health.Board()
    late._made -= health.STARTS_WITHIN_S
    monkeypatch.setattr(health, "board", late)
    code, components = ask(client)
    assert (code, components["tracking"]["status"]) == (503, "down")
    lamp = next(each for each in strip.lamps() if each.name == "model tracking")
    assert "What serves goes on serving" in lamp.without


def test_tracking_that_was_up_does_not_start_again_it_is_down(
    all_up: None, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    up = {**health.CHECKS, "tracking": lambda: health.Health(ok=True, version="MLflow 3")}
    monkeypatch.setattr(health, "CHECKS", up)
    assert ask(client)[1]["tracking"]["status"] == "ok"
    monkeypatch.setattr(health, "CHECKS", {**up, "tracking": lambda: health.Health(ok=False)})
    health.board._at = 0
    assert ask(client)[1]["tracking"]["status"] == "down"


def test_a_check_that_hangs_holds_nobody_up(live_db: None, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "DEADLINE_S", 0.3)
    slow = health.Health(ok=True)
    monkeypatch.setattr(health, "CHECKS", {**health.CHECKS, "oltp": lambda: time.sleep(1) or slow})
    _, components = ask(client)
    assert components["oltp"]["status"] == "down"


def test_the_doctor_says_where_and_what_to_do(all_up: None) -> None:
    servers.stop("warehouse")
    said = io.StringIO()
    with pytest.raises(CommandError, match="3 of 9 down: warehouse, tracking, scoring"):
        call_command("doctor", stdout=said)
    lines = said.getvalue().splitlines()
    assert any(line.startswith("portal_db") and "127.0.0.1:" in line and "PostgreSQL" in line for line in lines)
    assert any("->" in line and "warehouse.log" in line for line in lines)
    assert not any("starts it again by itself" in line for line in lines)
    assert not any("beat.log" in line or "tracking.log" in line for line in lines), "no such file is there"
    for name in ("payments_catalog", "portico_app"):
        assert servers.home.read_state()["secrets"][name] not in said.getvalue()


def test_the_doctor_does_not_advise_what_runs_already(all_up: None) -> None:
    servers.stop("warehouse")
    handle = claim.take(servers.home, address="http://127.0.0.1:8000/")  # as a running `make up` does
    said = io.StringIO()
    try:
        with pytest.raises(CommandError, match="1 of 9 down: warehouse"):
            call_command("doctor", stdout=said)
    finally:
        os.close(handle)
    (advice,) = [line for line in said.getvalue().splitlines() if "->" in line]
    assert "`make up` is running and starts it again by itself" in advice
    assert "warehouse.log" in advice
