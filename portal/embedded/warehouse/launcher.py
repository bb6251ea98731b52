"""`python -m warehouse.launcher CONFIG`: opens the warehouse on disk and serves it until SIGTERM."""

import asyncio
import contextlib
import json
import logging
import sys
import warnings
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import fakesnow.conn
import fakesnow.server
import uvicorn
from fakesnow.instance import FakeSnow
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from .cursor import WarehouseCursor
from .server import UPLOAD_KEY, Door, Peer, application
from .tokens import install
from .values import mend_values

DATABASE, SCHEMAS = "ANALYTICS", ("RAW", "STAGING", "CORE", "MARTS", "ML")
# Statements that only mean something to a real Snowflake account.
NOTHING_TO_DO = [
    r"\s*alter\s+session\s+(set|unset)\s+(?!autocommit|quoted_identifiers)",
    r"\s*(use|create|alter|drop)\s+(or\s+replace\s+)?(warehouse|role|secondary|resource)\b",
    r"\s*(grant|revoke)\s",
]
KEPT_RESULTS, KEPT_BYTES = 16, 16_000_000


class RecentResults(dict[str, Any]):
    """fakesnow keeps every result for ever; RESULT_SCAN and the asynchronous calls need only the last few."""

    def __setitem__(self, key: str, value: Any) -> None:
        if value[0] is None or value[0].nbytes < KEPT_BYTES:
            super().__setitem__(key, value)
        while len(self) > KEPT_RESULTS:
            del self[next(iter(self))]


def open_warehouse(folder: Path, memory_limit: str) -> FakeSnow:
    databases = folder / "databases"
    databases.mkdir(exist_ok=True)
    warehouse = FakeSnow(db_path=databases, nop_regexes=NOTHING_TO_DO)
    warehouse.results_cache = RecentResults()
    duck = warehouse.duck_conn
    duck.execute(f"SET GLOBAL memory_limit = '{memory_limit}'")
    duck.execute("SET GLOBAL threads = 2")
    duck.execute(f"SET GLOBAL temp_directory = '{folder / 'spill'}'")
    duck.execute("SET GLOBAL max_temp_directory_size = '2GB'")  # its default is nine tenths of the disk
    duck.execute("SET GLOBAL autoinstall_known_extensions = false")
    # Its functions that read files see stage, spill and databases, and nothing else of this machine.
    allowed = [f"{folder / name}/" for name in ("databases", "stage", "spill")]
    duck.execute(f"SET GLOBAL allowed_directories = {allowed}")
    duck.execute("SET GLOBAL enable_external_access = false")
    install(duck)
    for file in databases.glob("*.db"):
        warehouse.connect(file.stem).close()
    for schema in SCHEMAS:
        warehouse.connect(DATABASE, schema).close()
    return warehouse


def noticing(lost: Callable[[Peer], Coroutine[Any, Any, None]]) -> type[asyncio.Protocol]:
    """uvicorn's protocol, telling when a client's connection closes."""
    pending: set[asyncio.Task[None]] = set()

    class Noticing(AutoHTTPProtocol):  # type: ignore[misc, valid-type]
        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            if self.client:
                task = asyncio.get_running_loop().create_task(lost(self.client))
                pending.add(task)
                task.add_done_callback(pending.discard)

    return Noticing


def stage_info(original: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """The address of an upload carries a key, so that only who was given it can write into the stage."""

    def with_key(*args: Any) -> dict[str, Any]:
        info = original(*args)
        return {**info, "presignedUrl": f"{info['presignedUrl']}?key={UPLOAD_KEY}"}

    return with_key


def mend() -> None:
    mend_values()
    fakesnow.conn.FakeSnowflakeCursor = WarehouseCursor
    fakesnow.conn.FakeSnowflakeConnection.session = None
    fakesnow.server.gcs_stage_info = stage_info(fakesnow.server.gcs_stage_info)
    # It writes the text of every failing statement, with its values.
    logging.getLogger("fakesnow.server").disabled = True
    logging.getLogger("sqlglot").setLevel(logging.CRITICAL)
    warnings.filterwarnings("ignore", message="Arrow output")
    logging.getLogger("uvicorn.error").addFilter(lambda record: record.exc_info is None)


def main() -> None:
    config = json.loads(Path(sys.argv[1]).read_text())
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)-7s %(name)s: %(message)s")
    mend()
    warehouse = fakesnow.server.shared_fs = open_warehouse(Path(config["folder"]), config["memory_limit"])
    door = Door(config["accounts"])
    server = uvicorn.Server(
        uvicorn.Config(
            application(door),
            host="127.0.0.1",
            port=config["port"],
            http=noticing(door.lost),
            log_level="warning",
            log_config=None,
            access_log=False,
            timeout_keep_alive=86_400,  # a closed connection then means that the client is gone
            timeout_graceful_shutdown=3,
            lifespan="off",
        )
    )
    with contextlib.suppress(KeyboardInterrupt):
        server.run()
    warehouse.duck_conn.execute(f"CHECKPOINT {DATABASE}")
    warehouse.duck_conn.close()


main()
