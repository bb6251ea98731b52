"""Sessions of one process with one account of the warehouse. A sign-in takes long, so they are kept."""

from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

import snowflake.connector
from django.conf import settings
from snowflake.connector import SnowflakeConnection, errors

from portal.stores.sessions import SessionPool
from portal.stores.snowflake.errors import from_snowflake

if TYPE_CHECKING:
    from portal.stores.snowflake.store import SnowflakeStore

SESSIONS = 8
CONNECT_SECONDS = 4
# Snowflake itself answers a long statement every 45 s with "still running"; the emulator only at its end.
GRACE_SECONDS = 5
PASSED_ON = ("warehouse", "role", "authenticator", "private_key_file", "private_key_file_pwd", "region")


class Pool:
    def __init__(self, name: str, url: str) -> None:
        self.name = name
        self.url = url
        self._options = options(url)
        self.database = str(self._options.get("database", ""))
        self.sessions: SessionPool[SnowflakeConnection] = SessionPool(
            name,
            connect=self._connect,
            alive=_alive,
            close=_close,
            size=SESSIONS,
            wait_seconds=CONNECT_SECONDS,
        )

    def open(self) -> "SnowflakeStore":
        from portal.stores.snowflake.store import SnowflakeStore

        return SnowflakeStore(self)

    def close(self) -> None:
        self.sessions.close()

    def unchanged(self, connection: SnowflakeConnection) -> bool:
        """A USE of one piece of work must not meet the next one."""
        return all(
            (getattr(connection, name) or "").upper() == str(self._options.get(name, "")).upper()
            for name in ("database", "schema")
        )

    def _connect(self) -> SnowflakeConnection:
        try:
            return snowflake.connector.connect(**self._options)
        except errors.Error as error:
            raise from_snowflake(self.name, error) from error


def options(url: str) -> dict[str, Any]:
    """`snowflake://user:password@host:port/DATABASE?account=...&protocol=...&schema=...&warehouse=...&role=...`"""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    database, _, schema = unquote(parts.path.lstrip("/")).partition("/")
    schema = query.get("schema", schema)
    return {
        "user": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "account": query.get("account", (parts.hostname or "").split(".")[0]),
        "host": parts.hostname,
        "port": parts.port or 443,
        "protocol": query.get("protocol", "https"),
        "database": database,
        **({"schema": schema} if schema else {}),
        **{name: query[name] for name in PASSED_ON if name in query},
        "autocommit": True,
        "paramstyle": "qmark",  # bound by the server
        "arrow_number_to_decimal": True,  # or NUMBER would arrive as a double
        "application": "Portico",
        "login_timeout": CONNECT_SECONDS,
        "network_timeout": int(settings.STORE_TIMEOUT_SECONDS),
        "socket_timeout": CONNECT_SECONDS,
        "platform_detection_timeout_seconds": 0,  # it would ask cloud metadata addresses at every sign-in
        "session_parameters": {
            "QUERY_TAG": "portico",
            "TIMEZONE": "UTC",
            "CLIENT_TELEMETRY_ENABLED": False,
            "STATEMENT_TIMEOUT_IN_SECONDS": int(settings.STORE_TIMEOUT_SECONDS),
            "ABORT_DETACHED_QUERY": True,  # a client that died must not leave its statement running
        },
    }


def allow(connection: SnowflakeConnection, seconds: float) -> None:
    """How long one answer may take. The connector sends a statement again when its socket is silent for longer, and
    the emulator would then run it twice; it has no public way to change this for a session that stands."""
    vars(connection)["_socket_timeout"] = int(seconds) + GRACE_SECONDS


def _alive(connection: SnowflakeConnection) -> bool:
    try:
        allow(connection, CONNECT_SECONDS)
        connection.cursor().execute("select 1", timeout=CONNECT_SECONDS)
    except errors.Error:
        return False
    return True


def _close(connection: SnowflakeConnection) -> None:
    allow(connection, 0)
    with suppress(errors.Error):
        connection.close(retry=False)
