"""Opening a store: addresses, production's rules, and what a fork must not share."""

import os
import subprocess
import sys

import pytest
from pytest_django import Settings

from portal.stores import open_store
from portal.stores.types import Sql, StoreError


def refused(name: str) -> StoreError:
    with pytest.raises(StoreError) as found:
        open_store(name, "gate")
    assert not found.value.retryable
    return found.value


def test_a_store_nobody_knows() -> None:
    assert refused("nowhere").code == "not_configured"


def test_an_account_without_an_address(settings: Settings) -> None:
    settings.STORES = {"oltp": {"kind": "postgres", "accounts": {"gate": ""}}}
    assert refused("oltp").code == "not_configured"


def test_plain_text_is_refused_outside_the_embedded_mode(settings: Settings) -> None:
    settings.EMBEDDED = False
    secret = "postgresql://u:s3cret@db.example/payments"
    settings.STORES = {"oltp": {"kind": "postgres", "accounts": {"gate": secret}}}
    error = refused("oltp")
    assert error.code == "plain_text"
    assert "s3cret" not in error.public + str(error)


def test_opening_connects_to_nothing(settings: Settings) -> None:
    address = "postgresql://u:p@192.0.2.1/payments"
    settings.STORES = {"away": {"kind": "postgres", "accounts": {"gate": address}}}
    open_store("away", "gate")


def test_a_forked_child_uses_connections_of_its_own() -> None:
    store = open_store("oltp", "owner")
    store.execute(Sql("select 1"))
    with store.read(Sql("select pg_backend_pid() as pid")) as rows:
        mine = next(iter(rows)).column(0)[0].as_py()
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:  # no assertion here: it would end up as a second pytest
        with open_store("oltp", "owner").read(Sql("select pg_backend_pid() as pid")) as rows:
            os.write(write_end, str(next(iter(rows)).column(0)[0].as_py()).encode())
        os._exit(0)
    os.waitpid(child, 0)
    theirs = int(os.read(read_end, 20))
    os.close(read_end)
    os.close(write_end)
    assert theirs != mine
    with store.read(Sql("select pg_backend_pid() as pid")) as rows:
        assert next(iter(rows)).column(0)[0].as_py() == mine


def test_importing_the_stores_imports_no_driver() -> None:
    script = "import sys, portal.stores, portal.stores.types; print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    drivers = {"psycopg", "adbc_driver_postgresql", "pymongo", "bson", "snowflake", "pyarrow"}
    assert drivers & {name.partition(".")[0] for name in loaded} == set()
