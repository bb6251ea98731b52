"""The keys of tokens stand in no log, plan, profile, list of statements or history of a store that tells all it can.

Servers of their own, at their loudest: PostgreSQL logs every statement with parameters, nested ones and plans too;
MongoDB logs and profiles every operation, without the filter that a local start puts before its log. Everything they
wrote and everything that can be asked of them is searched for every form of every key.
"""

import base64
import json
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pymongo
import pytest
from django.conf import settings as django
from django.test import override_settings

from apps.compliance.policy.masks.mongo import mask_scalar
from apps.compliance.policy.masks.mongo_keyed import key_stages
from apps.compliance.policy.masks.sql import mask_column
from apps.compliance.policy.types import MaskKind, MaskOptions
from apps.compliance.tokens.installing import NotInstalled, install
from apps.compliance.tokens.values import token_of
from portal.accounts.types import Purpose
from portal.embedded import mongo, postgres
from portal.embedded.part import Launch, Setting
from portal.embedded.servers import Embedded
from portal.stores import open_store
from portal.stores.types import Documents, Sql, StoreError
from portal.tokens.keys import all_pads, derived
from portal.tokens.mongo import documents

ANALYTICS = MaskOptions(purpose="analytics")
NOISY = MaskOptions(width=100)
VALUE = "zoë@example.org"
LOUD = {
    "log_statement": "all",
    "log_min_duration_statement": "0",
    "log_min_error_statement": "error",
    "log_min_messages": "info",
    "log_error_verbosity": "verbose",
    "log_parameter_max_length": "-1",
    "log_parameter_max_length_on_error": "-1",
    "debug_print_plan": "on",
    "shared_preload_libraries": "pg_stat_statements,auto_explain",
    "pg_stat_statements.track": "all",
    "auto_explain.log_min_duration": "0",
    "auto_explain.log_nested_statements": "on",
    "auto_explain.log_analyze": "on",
    "auto_explain.log_verbose": "on",
}


class LoudMongo(mongo.Mongo):
    def launch(self, setting: Setting) -> Launch:
        quiet = super().launch(setting)
        command = tuple("-1" if word == "2000000000" else word for word in quiet.command)
        return replace(quiet, command=(*command, "-v"), log_filter="")


class Loud:
    """The servers, what they have written, and accounts that see everything."""

    def __init__(self, servers: Embedded, env: dict[str, str]) -> None:
        self.servers = servers
        self.env = env
        self.setting = Setting(servers.home, servers.home.read_state(), for_tests=True)
        self.told: list[str] = []

    def superuser(self) -> psycopg.Connection:
        password, port = self.setting.secret("portico_superuser"), self.setting.port("postgres")
        return psycopg.connect(f"postgresql://portico_superuser:{password}@127.0.0.1:{port}/payments", autocommit=True)

    def ask(self, source: str, text: str) -> list[Any]:
        with open_store(source, "gate").read(Sql(text)) as rows:
            found = [value for batch in rows for value in batch.column(0).to_pylist()]
        self.told.append(repr(found))
        return found

    def log(self, part: str) -> str:
        return (self.servers.home.logs / f"{part}.log").read_text(errors="replace")


@pytest.fixture(scope="module")
def loud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loud]:
    from portal.embedded import servers

    place = tmp_path_factory.mktemp("loud") / "home"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(postgres, "SETTINGS", {**postgres.SETTINGS, **LOUD})
        patch.setitem(servers.PARTS, "mongo", LoudMongo())
        embedded = Embedded(place, for_tests=True)
        env = embedded.prepare()
        embedded.start("postgres", "mongo", "warehouse")
        stores = {
            name: {**store, "accounts": {a: env[f"PORTICO_{name.upper()}_{a.upper()}_URL"] for a in store["accounts"]}}
            for name, store in django.STORES.items()
        }
        with override_settings(STORES=stores, TOKEN_KEY=env["PORTICO_TOKEN_KEY"]):
            yield Loud(embedded, env)
        embedded.stop()


def needles(setting: str) -> set[str]:
    """Every form in which a key could be written down. A state of MongoDB's is eight numbers: each is looked for."""
    found = {setting, base64.b64encode(bytes.fromhex(setting)).decode()}
    keys = all_pads(setting, Purpose)
    for key in keys:
        for part in (derived(setting, key.name), key.inner, key.outer):
            found |= {part.hex(), base64.b64encode(part).decode(), part.hex().upper()}
            found |= {part.hex()[at : at + 24] for at in range(0, 40, 8)}
    states = [number for document in documents(keys) for part in document["value"].values() for number in part]
    return found | {str(abs(number)) for number in states if abs(number) > 10**7}


def in_text(setting: str, text: str) -> list[str]:
    return [needle[:6] for needle in needles(setting) if needle in text]


def column(kind: MaskKind, options: MaskOptions, dialect: Any, type_: str) -> str:
    return mask_column(kind, "c", type_, dialect, options).sql(dialect).replace('"C"', '"c"')


def test_postgres_keeps_its_keys_to_itself(loud: Loud) -> None:
    key = loud.env["PORTICO_TOKEN_KEY"]
    with closing(loud.superuser()) as superuser:
        # As at somebody else's server: nothing is there yet, and all that the command says is logged.
        superuser.execute("DROP SCHEMA portico CASCADE")
        superuser.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        install("oltp")
        for kind, options, type_ in ((MaskKind.TOKEN, ANALYTICS, "TEXT"), (MaskKind.NOISE, NOISY, "BIGINT")):
            value = f"'{VALUE}'" if kind is MaskKind.TOKEN else "5::bigint"
            text = f'SELECT {column(kind, options, "postgres", type_)} AS m FROM (SELECT {value} AS "c") t'
            assert loud.ask("oltp", text) != [None]
            assert "portico." in str(loud.ask("oltp", f"EXPLAIN (VERBOSE, ANALYZE) {text}"))
            with pytest.raises(StoreError) as error:
                loud.ask("oltp", f"SELECT CAST(m AS DATE) FROM ({text}) AS s")
            loud.told.append(str(error.value))
        with pytest.raises(StoreError) as error:
            loud.ask("oltp", "SELECT portico.token('nobody', 'x')")
        loud.told.append(str(error.value))
        for view in ("pg_stat_statements", "pg_stat_activity", "pg_proc", "pg_settings", "pg_locks"):
            loud.told.append(str(superuser.execute(f"SELECT row_to_json(v)::text FROM {view} v").fetchall()))  # type: ignore[call-overload]
        assert in_text(key, "".join(loud.told) + loud.log("postgres")) == []
        assert "portico.token(" in loud.log("postgres")
        # What was searched is where a key would have stood.
        superuser.execute(f"SELECT '{derived(key, 'noise').hex()}'")  # type: ignore[call-overload]
        assert in_text(key, loud.log("postgres"))


def test_nobody_but_its_owner_reads_the_table(loud: Loud) -> None:
    install_again_as_the_local_servers_do(loud)
    for account in ("gate", "catalog", "loader", "privacy", "owner"):
        with (
            pytest.raises(StoreError) as error,
            open_store("oltp", account).read(Sql("SELECT * FROM portico.mask_keys")),
        ):
            pass
        assert error.value.code == "forbidden"
    for account in ("catalog", "loader", "privacy", "owner"):
        with (
            pytest.raises(StoreError) as error,
            open_store("oltp", account).read(Sql("SELECT portico.token('analytics', 'x')")),
        ):
            pass
        assert error.value.code == "forbidden"
    shown = {info.path[-1] for info in open_store("oltp", "privacy").introspect()}
    assert "mask_keys" not in shown | {path[-1] for path in open_store("oltp", "privacy").readable()}


def install_again_as_the_local_servers_do(loud: Loud) -> None:
    from portal.embedded import postgres_sql

    with closing(loud.superuser()) as superuser:
        superuser.execute("DROP SCHEMA IF EXISTS portico CASCADE")
        for statement in postgres_sql.payments_tokens(loud.setting.secret):
            superuser.execute(statement)  # type: ignore[call-overload]


def test_of_an_installed_table_default_rights_are_taken_back(loud: Loud) -> None:
    """The owner of the payments gives each new table to every reader."""
    with closing(loud.superuser()) as superuser:
        superuser.execute("DROP SCHEMA IF EXISTS portico CASCADE")
    install("oltp")
    install("oltp")
    for account in ("gate", "catalog", "loader", "privacy"):
        with (
            pytest.raises(StoreError) as error,
            open_store("oltp", account).read(Sql("SELECT * FROM portico.mask_keys")),
        ):
            pass
        assert error.value.code == "forbidden"


def test_mongo_keeps_its_keys_to_itself(loud: Loud) -> None:
    key = loud.env["PORTICO_TOKEN_KEY"]
    with mongo.connect(loud.setting, user="admin") as admin:
        admin.payments.command("profile", 2, slowms=-1)
        install("documents")
        admin.payments.people.insert_many([{"_id": n, "c": VALUE, "n": n} for n in range(3)])
        stages = [
            *key_stages(["token:analytics", "noise"]),
            {
                "$replaceWith": {
                    "c": mask_scalar(MaskKind.TOKEN, "$c", ANALYTICS),
                    "n": mask_scalar(MaskKind.NOISE, "$n", NOISY),
                }
            },
        ]
        with open_store("documents", "gate").read(Documents("people", tuple(stages))) as rows:
            found = [row for batch in rows for row in batch.to_pylist()]
        assert {row["c"] for row in found} == {token_of(VALUE, Purpose.ANALYTICS)}
        loud.told.append(repr(found))
        with (
            suppress(StoreError),
            open_store("documents", "gate").read(
                Documents("people", (*stages, {"$project": {"x": {"$toInt": "$c"}}}))
            ) as rows,
        ):
            list(rows)
        for verbosity in ("queryPlanner", "executionStats", "allPlansExecution"):
            command = {"aggregate": "people", "pipeline": stages, "cursor": {}}
            loud.told.append(str(admin.payments.command("explain", command, verbosity=verbosity)))
        loud.told.append(
            str(list(admin.admin.aggregate([{"$currentOp": {"allUsers": True, "idleConnections": True}}])))
        )
        admin.payments.command("profile", 0)
        profile = list(admin.payments["system.profile"].find())
        assert any("$function" in str(entry) for entry in profile)
        loud.told.append(str(profile))
        assert in_text(key, "".join(loud.told) + loud.log("mongo")) == []
        assert "function (text, inner, outer, width)" in loud.log("mongo")
        state = documents(all_pads(key, Purpose))[0]["value"]["inner"]
        with suppress(pymongo.errors.OperationFailure):
            admin.payments.command(
                "aggregate", "people", pipeline=[{"$project": {"x": {"$literal": state}}}], cursor={}
            )
        admin.payments.command("profile", 2, slowms=-1)
        list(admin.payments.people.aggregate([{"$project": {"x": {"$literal": state}}}]))
        assert in_text(key, loud.log("mongo"))


def test_accounts_of_mongo_do_not_read_the_keys(loud: Loud) -> None:
    for account in ("catalog", "loader", "privacy"):
        with (
            pytest.raises(StoreError) as error,
            open_store("documents", account).read(Documents("system.js", ())) as rows,
        ):
            list(rows)
        assert error.value.code == "forbidden"
    assert not [info for info in open_store("documents", "catalog").introspect() if "system" in info.path[-1]]
    assert not [path for path in open_store("documents", "privacy").readable() if "system" in path[-1]]


def test_the_warehouse_keeps_its_keys_to_itself(loud: Loud) -> None:
    key = loud.env["PORTICO_TOKEN_KEY"]
    text = (
        f"SELECT {column(MaskKind.TOKEN, ANALYTICS, 'snowflake', 'VARCHAR')} AS m FROM (SELECT '{VALUE}' AS \"c\") AS t"
    )
    assert loud.ask("warehouse", text) == [token_of(VALUE, Purpose.ANALYTICS)]
    with pytest.raises(StoreError) as error:
        loud.ask("warehouse", f"SELECT CAST(m AS DATE) FROM ({text}) AS s")
    loud.told.append(str(error.value))
    held = [file for file in loud.servers.home.path.rglob("*") if file.is_file() and "warehouse" in str(file)]
    written = "".join(file.read_bytes().decode("latin-1") for file in held)
    assert in_text(key, "".join(loud.told) + written) == []


def test_without_keys_a_database_says_so_and_answers_nothing(loud: Loud) -> None:
    with mongo.connect(loud.setting, user="admin") as admin:
        admin.payments["system.js"].delete_many({})
        admin.payments.people.insert_one({"_id": "alone", "c": VALUE})
    stages = (*key_stages(["token:analytics"]), {"$replaceWith": {"c": mask_scalar(MaskKind.TOKEN, "$c", ANALYTICS)}})
    with pytest.raises(StoreError), open_store("documents", "gate").read(Documents("people", stages)) as rows:
        list(rows)
    with closing(loud.superuser()) as superuser:
        superuser.execute("DELETE FROM portico.mask_keys")
    with pytest.raises(StoreError):
        loud.ask("oltp", "SELECT portico.token('analytics', 'x')")


def test_another_key_in_the_store_than_in_the_portal_is_found_at_once(loud: Loud) -> None:
    with override_settings(TOKEN_KEY="short"), pytest.raises(NotInstalled, match="PORTICO_TOKEN_KEY"):
        install("oltp")
    stores = json.loads(json.dumps(django.STORES))
    stores["oltp"]["accounts"]["owner"] = ""
    with override_settings(STORES=stores), pytest.raises(NotInstalled, match="PORTICO_OLTP_OWNER_URL"):
        install("oltp")


def test_no_file_of_a_home_but_its_settings_and_stores_holds_a_key(loud: Loud) -> None:
    """env.json and state.json hold the setting itself, as they hold every other; data folders are the servers' own."""
    home: Path = loud.servers.home.path
    files = [file for part in ("run", "logs") for file in (home / part).rglob("*") if file.is_file()]
    planted = {"postgres.log", "mongo.log"}  # by the tests above
    text = "".join(file.read_bytes().decode("latin-1") for file in files if file.name not in planted)
    assert in_text(loud.env["PORTICO_TOKEN_KEY"], text) == []
