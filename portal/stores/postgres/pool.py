"""Connections of one process to one PostgreSQL account: psycopg for writes, ADBC for reads."""

from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import adbc_driver_manager
import psycopg
from adbc_driver_postgresql import dbapi
from django.conf import settings

from portal.stores.postgres.errors import from_adbc, from_psycopg
from portal.stores.sessions import SessionPool

if TYPE_CHECKING:
    from portal.stores.postgres.store import PostgresStore

CONNECT_SECONDS = 5
READERS = 8
WRITERS = 4
DEFAULTS = {
    "connect_timeout": str(CONNECT_SECONDS),
    "application_name": "portico",
    # A server that vanished without a word is noticed after about half a minute, not after two hours.
    "keepalives_idle": "15",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
}


class Pool:
    def __init__(self, name: str, url: str) -> None:
        self.name = name
        self.url = url
        self.database = urlsplit(url).path.lstrip("/")
        limit = int(settings.STORE_TIMEOUT_SECONDS) * 1000
        guards = f"-c statement_timeout={limit} -c lock_timeout=10000"
        self._read_url = with_options(url, f"{guards} -c default_transaction_read_only=on")
        self.readers: SessionPool[dbapi.Connection] = SessionPool(
            name,
            connect=self._connect_reader,
            alive=_reader_alive,
            close=_close_reader,
            size=READERS,
            wait_seconds=CONNECT_SECONDS,
        )
        self._write_url = with_options(url, guards)
        self.writers: SessionPool[psycopg.Connection] = SessionPool(
            name,
            connect=self._connect_writer,
            alive=_writer_alive,
            close=psycopg.Connection.close,
            size=WRITERS,
            wait_seconds=CONNECT_SECONDS,
        )

    def open(self) -> "PostgresStore":
        from portal.stores.postgres.store import PostgresStore

        return PostgresStore(self)

    def close(self) -> None:
        self.readers.close()
        self.writers.close()

    def _connect_reader(self) -> dbapi.Connection:
        try:
            return dbapi.connect(self._read_url, autocommit=True)
        except adbc_driver_manager.Error as error:
            raise from_adbc(self.name, error) from error

    def _connect_writer(self) -> psycopg.Connection:
        try:
            return psycopg.connect(self._write_url, cursor_factory=psycopg.RawCursor)
        except psycopg.Error as error:
            raise from_psycopg(self.name, error) from error


def with_options(url: str, options: str) -> str:
    parts = urlsplit(url)
    query = {**DEFAULTS, **dict(parse_qsl(parts.query))}
    query["options"] = f"{query.get('options', '')} {options}".strip()
    return urlunsplit(parts._replace(query=urlencode(query, quote_via=quote)))


def _reader_alive(connection: dbapi.Connection) -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("select 1")
            return cursor.fetchone() is not None
    except adbc_driver_manager.Error:
        return False


def _close_reader(connection: dbapi.Connection) -> None:
    with suppress(adbc_driver_manager.Error):
        connection.close()


def _writer_alive(connection: psycopg.Connection) -> bool:
    try:
        connection.execute(b"select 1")
        connection.rollback()
    except psycopg.Error:
        return False
    return True
