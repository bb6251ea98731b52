"""What a store holds and does not show to the account of requests. Trust model: rights are given by somebody else, and
a new schema, a policy of rows or a collection may come without them at any time."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pymongo import MongoClient

from apps.compliance.requests import running
from apps.compliance.requests.types import State
from apps.compliance.subjects import discovery
from apps.compliance.subjects.sight import Blind
from portal.accounts.models import User
from portal.stores import open_store
from portal.stores.types import Command, Sql
from tests.compliance.requests.test_whole_path import drain, opened, searched
from tests.compliance.subjects import asks, town
from tests.servers import servers

NOBODY = "nobody.at.all@town.example"
NO_RIGHT = "cannot be read, so nobody knows what is left there: no right to read all its rows"


def owner(*texts: str) -> None:
    for text in texts:
        open_store("oltp", "owner").execute(Sql(text))


@pytest.fixture
def shut(governed: None) -> Iterator[None]:
    owner("drop schema if exists town_shut cascade")
    yield
    owner("drop schema if exists town_shut cascade")


def shut_away() -> None:
    owner(
        "create schema town_shut",
        f"create table town_shut.notes as select '{town.ANN}'::text as note",
        "revoke usage on schema town_shut from payments_privacy",
        f"create table town.closed as select '{town.ANN}'::text as note",
        "revoke select on town.closed from payments_privacy",
        f"create table town.by_row as select '{town.ANN}'::text as note",
        "alter table town.by_row enable row level security",
    )


def unseen(scan: asks.Rescan) -> dict[str, str]:
    return {residue.dataset.title: residue.what for residue in scan.residues if residue.rows == 0}


def test_tables_without_a_right_to_them(shut: None) -> None:
    found = asks.found(town.ANN, "ann")
    asks.erased(found)
    assert asks.again(found.plan, found.trace).complete
    shut_away()
    scan = asks.again(found.plan, found.trace)
    assert not scan.complete
    assert unseen(scan) == dict.fromkeys(["oltp: town_shut.notes", "oltp: town.closed", "oltp: town.by_row"], NO_RIGHT)
    with pytest.raises(Blind, match=r"oltp: town\.by_row \(no right to read all its rows\)"):
        asks.found(town.ANN, "ann")
    with pytest.raises(Blind, match=r"oltp: town_shut\.notes"):
        discovery.identify(email=NOBODY, check=asks.go_on)
    owner("grant usage on schema town_shut to payments_privacy")
    assert "oltp: town_shut.notes" in {each.dataset.title for each in asks.again(found.plan, found.trace).residues}


def test_the_request_says_so_and_is_not_complete(shut: None, officer: User) -> None:
    request = searched(officer, NOBODY)
    shut_away()
    drain(running.start_rescan(actor=officer, request=request))
    request.refresh_from_db()
    assert (request.state, request.residual) == (State.INCOMPLETE, 3)
    client = Client()
    client.force_login(officer)
    certificate = reverse("compliance:request-certificate", args=[request.pk])
    for url in (request.get_absolute_url(), certificate):
        text = client.get(url).content.decode()
        assert "oltp: town_shut.notes" in text
        assert NO_RIGHT in text
        assert "0 rows, cannot" not in text

    other = opened(officer, email="another.nobody@town.example")
    run = drain(running.start_search(actor=officer, request=other))
    assert run.state == "failed"
    assert "cannot read all there is" in run.reason
    assert "oltp: town.closed" in run.reason
    assert "oltp: town.closed" in client.get(other.get_absolute_url()).content.decode()


@pytest.fixture
def narrow(governed: None, settings) -> Iterator[None]:  # type: ignore[no-untyped-def]
    """An account of requests that may do everything with two collections, and nothing with a third."""
    state = servers.home.read_state()
    port, secret = int(state["ports"]["mongo"]), state["secrets"]["mongo_admin"]
    rights: list[dict[str, Any]] = [
        {"resource": {"db": "payments", "collection": name}, "actions": ["find", "update", "remove", "collStats"]}
        for name in ("town_sessions", "town_logs")
    ]
    lists = {"resource": {"db": "payments", "collection": ""}, "actions": ["listCollections", "listIndexes"]}
    documents = open_store("documents", "owner")
    documents.execute(Command({"insert": "town_odd", "documents": [{"_id": "odd", "note": town.ANN}]}))
    with MongoClient("127.0.0.1", port, directConnection=True, username="admin", password=secret) as client:
        client.admin.command("createRole", "narrow", privileges=[*rights, lists], roles=[])
        client.admin.command("createUser", "narrow", pwd="narrow", roles=["narrow"])
        settings.STORES = deepcopy(settings.STORES)
        settings.STORES["documents"]["accounts"]["privacy"] = (
            f"mongodb://narrow:narrow@127.0.0.1:{port}/payments?replicaSet=rs0&authSource=admin&directConnection=true"
        )
        yield
        client.admin.command("dropUser", "narrow")
        client.admin.command("dropRole", "narrow")


def test_a_collection_without_a_right_to_it(governed: None, narrow: None) -> None:
    scan = asks.again(asks.Plan(()), asks.Trace({}, {"email": frozenset({NOBODY})}))
    assert not scan.complete
    left = {title: what for title, what in unseen(scan).items() if title.startswith("documents: town")}
    assert left == {"documents: town_odd": NO_RIGHT}
    with pytest.raises(Blind, match=r"documents: town_odd"):
        asks.found(town.ANN, "ann")


def test_a_schema_that_the_warehouse_does_not_show(governed: None, settings) -> None:  # type: ignore[no-untyped-def]
    """An account that sees less: here, another database of the same warehouse."""
    warehouse = open_store("warehouse", "owner")
    warehouse.execute(Sql("create table ANALYTICS.TOWN.EXTRA (V VARIANT)"))
    town.govern()
    trace = asks.Trace({}, {"email": frozenset({NOBODY})})
    assert asks.again(asks.Plan(()), trace).complete
    warehouse.execute(Sql("create database if not exists ELSEWHERE"))
    settings.STORES = deepcopy(settings.STORES)
    accounts = settings.STORES["warehouse"]["accounts"]
    seeing = accounts["privacy"]
    accounts["privacy"] = seeing.replace("/ANALYTICS", "/ELSEWHERE")
    what = "cannot be read, so nobody knows what is left there: the catalog's account sees it, this one does not"
    assert unseen(asks.again(asks.Plan(()), trace))["warehouse: TOWN.EXTRA"] == what
    accounts["privacy"] = seeing
    warehouse.execute(Sql("drop table ANALYTICS.TOWN.EXTRA"))
    assert asks.again(asks.Plan(()), trace).complete, "gone is not hidden, though the catalog has not noticed yet"
