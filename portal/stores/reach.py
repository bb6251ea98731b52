"""Whether a store answers, asked without the drivers that a web process does not load (Arrow, Snowflake's)."""

import http.client
import json
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

from portal.stores.health import probe
from portal.stores.types import Health, StoreError, StoreKind

TIMEOUT_SECONDS = 4


def reach(name: str, kind: StoreKind, url: str) -> Health:
    """Never raises, answers within 5 s. Signs in where that is cheap; of a warehouse only the address is tried."""
    if not url:
        return Health(ok=False, detail="No address is configured.")
    return probe(f"reach {name} {url}", lambda: VERSION_OF[kind](name, url))


def unreachable(name: str, why: str) -> StoreError:
    return StoreError(why, store=name, public=why, retryable=True, code="unreachable")


def postgres_version(name: str, url: str) -> str:
    import psycopg

    try:
        with psycopg.connect(url, connect_timeout=TIMEOUT_SECONDS, autocommit=True) as connection:
            row = connection.execute("SHOW server_version").fetchone()
    except psycopg.Error as error:
        refused = "password authentication failed" in str(error) or "pg_hba" in str(error)
        raise unreachable(name, "It refuses our account." if refused else "It does not answer.") from None
    return f"PostgreSQL {row[0]}" if row else "PostgreSQL"


def mongo_version(name: str, url: str) -> str:
    from pymongo import MongoClient
    from pymongo.errors import OperationFailure, PyMongoError

    limit = TIMEOUT_SECONDS * 1000
    client: MongoClient[dict[str, object]] = MongoClient(
        url, serverSelectionTimeoutMS=limit, connectTimeoutMS=limit, socketTimeoutMS=limit
    )
    try:
        return f"MongoDB {client.admin.command('buildInfo')['version']}"
    except OperationFailure:
        raise unreachable(name, "It refuses our account.") from None
    except PyMongoError:
        raise unreachable(name, "It does not answer.") from None
    finally:
        client.close()


def warehouse_version(name: str, url: str) -> str:
    parts = urlsplit(url)
    plain = parse_qs(parts.query).get("protocol") == ["http"]
    kind = http.client.HTTPConnection if plain else http.client.HTTPSConnection
    wire = kind(parts.hostname or "", parts.port, timeout=TIMEOUT_SECONDS)
    try:
        wire.request("GET", "/health")
        answer = wire.getresponse()
        body = answer.read(1000)
    except (OSError, http.client.HTTPException):
        raise unreachable(name, "It does not answer.") from None
    finally:
        wire.close()
    return str(json.loads(body).get("version", "")) if plain and answer.status == http.client.OK else "Snowflake"


VERSION_OF: dict[StoreKind, Callable[[str, str], str]] = {
    "postgres": postgres_version,
    "mongo": mongo_version,
    "snowflake": warehouse_version,
}
